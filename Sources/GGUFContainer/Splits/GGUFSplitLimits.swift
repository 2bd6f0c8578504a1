import Tensors

/// How large the parts of a split model may be.
public enum GGUFSplitLimits: Sendable, Hashable {
    /// Bytes of tensor data per part, padding included; a larger tensor gets a part of its own.
    case byteCount(Int)
    /// Tensors per part.
    case tensorCount(Int)
    /// The tensors of each part, such as another split has; all of them together are the model's.
    case tensorCounts([Int])

    /// Cuts a list of tensors as llama-gguf-split does.
    func cut(_ tensors: [TensorDescriptor], alignment: Int) -> [Range<Int>] {
        if case .tensorCounts(let counts) = self {
            var end = 0
            return counts.map { count in
                defer { end += count }
                return end..<end + count
            }
        }
        var starts = [0]
        var filled = 0
        for (index, tensor) in tensors.enumerated() {
            let size = GGUFLayout.padded(tensor.byteCount, to: alignment) ?? tensor.byteCount
            let isFull =
                switch self {
                case .byteCount(let limit): filled + size > limit && index > starts[starts.count - 1]
                case .tensorCount(let limit): index > 0 && index.isMultiple(of: limit)
                case .tensorCounts: false
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
