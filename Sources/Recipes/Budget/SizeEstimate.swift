import Tensors

/// The size of a model's tensors once they are stored.
public struct SizeEstimate: Sendable, Hashable {
    /// GGUF's default alignment in bytes: every tensor begins at a multiple of it.
    fileprivate static let alignment = 32

    /// The elements of all tensors.
    public let elementCount: Int
    /// The bytes of all encoded tensors, without padding; what llama.cpp reports.
    public let byteCount: Int
    /// The bytes of all encoded tensors, each padded to GGUF's default alignment of 32 bytes.
    public let alignedByteCount: Int

    /// The mean number of encoded bits per element, over all tensors; 0 if there are none.
    public var bitsPerWeight: Double {
        elementCount == 0 ? 0 : Double(byteCount) * 8 / Double(elementCount)
    }

    /// The size of tensors in the types that a recipe gives to them.
    ///
    /// - Throws: ``RecipeError`` if the byte count or the element count overflows.
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
