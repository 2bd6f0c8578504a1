import BlockFormats
import Tensors

extension TensorSource {
    /// The matrices of the tensor at `index`.
    ///
    /// - Throws: ``PipelineError`` if nothing decodes the type that it is stored in.
    func matrices(_ index: Int) throws -> MatrixStack {
        guard let stack = MatrixStack(self, index) else {
            throw PipelineError(.unsupportedType(tensors[index].type), tensor: tensors[index].name)
        }
        return stack
    }
}
