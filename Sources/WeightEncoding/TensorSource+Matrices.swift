import BlockFormats
import Tensors

extension TensorSource {
    /// The matrices of the tensor at `index`.
    ///
    /// - Throws: ``EncodingError`` if nothing decodes the type that it is stored in.
    package func matrices(_ index: Int) throws -> MatrixStack {
        guard let stack = MatrixStack(self, index) else {
            throw EncodingError(.unsupportedType(tensors[index].type), tensor: tensors[index].name)
        }
        return stack
    }
}
