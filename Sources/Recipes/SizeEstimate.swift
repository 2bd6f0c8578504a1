import Tensors

/// How large the tensors of a model are once they are stored.
public struct SizeEstimate: Sendable, Hashable {
    /// GGUF's default: every tensor begins at a multiple of so many bytes.
    fileprivate static let alignment = 32

    public let elementCount: Int
    /// Bytes of encoded data, without padding; what llama.cpp reports.
    public let byteCount: Int
    /// Bytes of encoded data with every tensor padded to GGUF's default alignment.
    public let alignedByteCount: Int

    /// Encoded bits per element, over all tensors.
    public var bitsPerWeight: Double {
        elementCount == 0 ? 0 : Double(byteCount) * 8 / Double(elementCount)
    }

    public init(_ assignments: [TypeAssignment]) throws(RecipeError) {
        var (elements, bytes, aligned) = (0, 0, 0)
        for tensor in assignments.lazy.map(\.tensor) {
            let padding = (Self.alignment - tensor.byteCount % Self.alignment) % Self.alignment
            // The plain sum is never above the aligned one, which is checked.
            let padded = tensor.byteCount.addingReportingOverflow(padding)
            let sum = aligned.addingReportingOverflow(padded.partialValue)
            let count = elements.addingReportingOverflow(tensor.shape.elementCount)
            guard !padded.overflow, !sum.overflow, !count.overflow else {
                throw RecipeError(.tooLarge(tensor: tensor.name))
            }
            aligned = sum.partialValue
            bytes += tensor.byteCount
            elements = count.partialValue
        }
        elementCount = elements
        byteCount = bytes
        alignedByteCount = aligned
    }
}

extension TensorDescriptor {
    /// Bytes of encoded data with padding to GGUF's default alignment.
    var alignedByteCount: Int {
        (byteCount + SizeEstimate.alignment - 1) / SizeEstimate.alignment * SizeEstimate.alignment
    }
}
