import TensorCore

/// How large the parts of a split model may be.
public enum GGUFSplitLimits: Sendable, Hashable {
    /// Bytes of tensor data per part, padding included; a larger tensor gets a part of its own.
    case byteCount(Int)
    /// Tensors per part.
    case tensorCount(Int)

    /// Cuts a list of tensors as llama-gguf-split does.
    func cut(_ tensors: [TensorDescriptor], alignment: Int) -> [Range<Int>] {
        var starts = [0]
        var filled = 0
        for (index, tensor) in tensors.enumerated() {
            let size = GGUFLayout.padded(tensor.byteCount, to: alignment) ?? tensor.byteCount
            let isFull =
                switch self {
                case .byteCount(let limit): filled + size > limit && index > starts[starts.count - 1]
                case .tensorCount(let limit): index > 0 && index.isMultiple(of: limit)
                }
            if isFull {
                starts.append(index)
                filled = 0
            }
            filled += size
        }
        return zip(starts, starts.dropFirst() + [tensors.count]).map { $0..<$1 }
    }
}
