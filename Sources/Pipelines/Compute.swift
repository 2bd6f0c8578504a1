import Models
import Parallelism
import Runtime

/// What a use case works with, and whom it tells of its progress.
public struct Compute: Sendable {
    /// The threads that share the work.
    public var parallel: Parallel
    /// What the process may use.
    public var memory: MemoryBudget
    /// Receives what the work tells, from any thread.
    public var progress: ProgressHandler

    /// Threads, memory and whoever is told of the progress.
    ///
    /// - Parameters:
    ///   - parallel: The threads that share the work.
    ///   - memory: What the process may use.
    ///   - progress: Receives what the work tells, from any thread.
    public init(
        parallel: Parallel = Parallel(), memory: MemoryBudget = .available,
        progress: @escaping ProgressHandler = { _ in }
    ) {
        self.parallel = parallel
        self.memory = memory
        self.progress = progress
    }
}

extension Model {
    /// The model ready to compute.
    func forwardPass(_ compute: Compute) throws -> ForwardPass {
        try forwardPass(compute.parallel, memory: compute.memory)
    }
}
