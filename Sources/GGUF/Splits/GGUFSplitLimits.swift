import Tensors

/// The rule by which a model is cut into the parts of a split: the size of a part, or its tensors.
public enum GGUFSplitLimits: Sendable, Hashable {
    /// The most bytes of tensor data in a part, padding included; a larger tensor gets a part of its own.
    case byteCount(Int)
    /// The most tensors in a part.
    case tensorCount(Int)
    /// The number of tensors in each part, such as those of another split; their sum is the number of the model's
    /// tensors.
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
