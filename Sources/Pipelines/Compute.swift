import Models
import Parallelism
import Runtime

/// What a use case works with, and whom it tells of its progress.
public struct Compute: Sendable {
    /// The threads that share the work.
    public var parallel: Parallel
    /// What the process may use.
    public var memory: MemoryBudget
    /// How activations are multiplied with weights.
    public var precision: Precision
    /// Receives what the work tells, from any thread.
    public var progress: ProgressHandler

    /// Threads, memory and whoever is told of the progress.
    ///
    /// - Parameters:
    ///   - parallel: The threads that share the work.
    ///   - memory: What the process may use.
    ///   - precision: How activations are multiplied with weights, in what measures, collects importance and generates.
    ///   - progress: Receives what the work tells, from any thread.
    public init(
        parallel: Parallel = Parallel(), memory: MemoryBudget = .available, precision: Precision = .reference,
        progress: @escaping ProgressHandler = { _ in }
    ) {
        self.parallel = parallel
        self.memory = memory
        self.precision = precision
        self.progress = progress
    }
}

extension Model {
    /// The model ready to compute.
    func forwardPass(_ compute: Compute) throws -> ForwardPass {
        try forwardPass(compute.parallel, memory: compute.memory, precision: compute.precision)
    }
}
