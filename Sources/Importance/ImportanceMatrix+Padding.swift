import Tensors

/// Experts may be widened with zeros to whole blocks of 256 elements: their hidden units are zero, and so is what was
/// gathered of them. Only the weights that multiply hidden units have such columns.
extension ImportanceMatrix {
    private static let blockLength = 256
    /// More shared experts than any model has.
    private static let sharedLimit = 64

    /// The matrix for a model whose experts have other padding, or none, than those it was gathered from.
    ///
    /// Entries that differ by more than padding stay as they are.
    ///
    /// - Parameter tensors: The tensors of that model.
    public func padded(like tensors: [TensorDescriptor]) -> ImportanceMatrix {
        var result = self
        for tensor in tensors {
            guard let entry = entries[tensor.name] else { continue }
            let expertCount = tensor.shape.rank > 2 ? tensor.shape.dimensions[2...].reduce(1, *) : 1
            let rowLength = tensor.shape.rowLength
            if entry.expertCount == expertCount {
                if let padded = entry.padded(toRowLength: rowLength, of: tensor.name) {
                    result.entries[tensor.name] = padded
                }
            } else if chunkSize == 0, entry.expertCount == 1, entry.rowLength.isMultiple(of: expertCount) {
                // Of the older form: the rows of all experts in one.
                let parted = Entry(
                    rowLength: entry.rowLength / expertCount, sums: entry.sums,
                    counts: [Float](repeating: entry.counts[0], count: expertCount))
                guard let padded = parted?.padded(toRowLength: rowLength, of: tensor.name, ignoresContent: true)
                else { continue }
                result.entries[tensor.name] = Entry(
                    rowLength: padded.sums.count, sums: padded.sums, counts: entry.counts)
            }
        }
        return result
    }

    /// Whether padding makes one length of a weight's rows of the other.
    static func isPadding(_ narrow: Int, _ wide: Int, of name: String) -> Bool {
        func padded(_ length: Int) -> Int { (length + blockLength - 1) / blockLength * blockLength }
        guard narrow < wide, wide.isMultiple(of: blockLength) else { return false }
        if name.hasSuffix("ffn_down_exps.weight") { return padded(narrow) == wide }
        // A shared block is some experts wide.
        return name.hasSuffix("ffn_down_shexp.weight")
            && (1...sharedLimit).contains { narrow.isMultiple(of: $0) && $0 * padded(narrow / $0) == wide }
    }
}

extension ImportanceMatrix.Entry {
    /// The entry with zeros for the columns of padding, or without those columns.
    ///
    /// - Parameter ignoresContent: whether columns may go that are not zero, as those of experts that saw nothing in a file
    ///   of the older form.
    /// - Returns: nil if the lengths are the same, or differ by more than padding.
    func padded(toRowLength length: Int, of name: String, ignoresContent: Bool = false) -> Self? {
        let shared = min(rowLength, length)
        guard ImportanceMatrix.isPadding(shared, max(rowLength, length), of: name) else { return nil }
        var result: [Float] = []
        result.reserveCapacity(expertCount * length)
        for start in stride(from: 0, to: sums.count, by: rowLength) {
            result += sums[start..<start + shared]
            if length > rowLength {
                result += [Float](repeating: 0, count: length - rowLength)
            } else if !ignoresContent, sums[(start + shared)..<(start + rowLength)].contains(where: { $0 > 0 }) {
                return nil
            }
        }
        return Self(rowLength: length, sums: result, counts: counts)
    }
}
