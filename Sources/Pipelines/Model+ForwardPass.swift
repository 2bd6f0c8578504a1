import Models
import Parallelism
import Runtime

extension Model {
    /// The model ready to compute hidden states and logits.
    ///
    /// - Parameters:
    ///   - parallel: The threads that share the work.
    ///   - memory: What the process may use.
    ///   - precision: How activations are multiplied with weights.
    /// - Throws: the errors of reading weights, and `RuntimeError` if the model lacks tensors or needs more memory than that.
    public func forwardPass(
        _ parallel: Parallel, memory: MemoryBudget = .available, precision: Precision = .reference
    ) throws -> ForwardPass {
        try ForwardPass(
            plan: plan, source: tensors, path: path, parallel: parallel, memory: memory, precision: precision)
    }
}
