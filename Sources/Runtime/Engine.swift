import TensorCore

/// The threads of a run and the memory each works in.
struct Engine: Sendable {
    let parallel: Parallel
    /// Memory of the coordinating thread.
    let shared = ScratchSpace()
    /// Memory of each worker.
    let workers: [ScratchSpace]

    init(parallel: Parallel) {
        precondition(BLAS.isSingleThreaded)
        self.parallel = parallel
        workers = (0..<parallel.threadCount).map { _ in ScratchSpace() }
    }
}
