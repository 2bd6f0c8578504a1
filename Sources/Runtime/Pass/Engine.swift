import Numerics
import Parallelism

/// The threads of a run, the memory each works in, and the memory that all of them may use.
struct Engine: Sendable {
    let parallel: Parallel
    let memory: MemoryBudget
    /// Memory of the coordinating thread.
    let shared = ScratchSpace()
    /// Memory of each worker.
    let workers: [ScratchSpace]

    init(parallel: Parallel, memory: MemoryBudget) {
        precondition(BLAS.isSingleThreaded)
        self.parallel = parallel
        self.memory = memory
        workers = (0..<parallel.threadCount).map { _ in ScratchSpace() }
    }

    /// Gives back what the stages have used.
    func release() {
        shared.release()
        for worker in workers { worker.release() }
    }

    var times: PassTimes { workers.reduce(shared.times) { $0 + $1.times } }
}
