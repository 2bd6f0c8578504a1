import Models
import Parallelism
import Runtime

extension Model {
    /// The model ready to compute.
    ///
    /// - Parameter memory: what the process may use.
    public func forwardPass(_ parallel: Parallel, memory: MemoryBudget = .available) throws -> ForwardPass {
        try ForwardPass(plan: plan, source: tensors, path: path, parallel: parallel, memory: memory)
    }
}
