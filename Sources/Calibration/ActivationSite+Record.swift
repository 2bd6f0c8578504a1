import Journals
import Runtime

extension ActivationSite.Input {
    /// The inputs in a fixed order, that of a layer's computation; records name them by their places in it.
    static let ordered: [Self] = [
        .attention, .attentionOutput, .router, .feedForward, .feedForwardDown, .experts, .expertsDown, .shared,
        .sharedDown, .output,
    ]

    /// The place in that order.
    var number: Int { Self.ordered.firstIndex(of: self)! }
}

extension ActivationSite {
    /// What sites are ordered by: the layer, the place in its computation, the expert.
    var order: (Int, Int, Int) { (layer, input.number, expert) }
}

extension RecordWriter {
    /// Appends a site: the numbers of its layer, its input and its expert.
    mutating func append(_ site: ActivationSite) throws {
        for number in [site.layer, site.input.number, site.expert] { try append(number) }
    }

    /// Appends sums: how many they are, whether they are finite, and 16 bytes of each, the least first.
    mutating func append(_ squares: ExactSquares) throws {
        try append(squares.sums.count)
        try append(squares.isFinite ? 1 : 0)
        try squares.sums.map(\.littleEndian).withUnsafeBytes { try append($0) }
    }
}

extension RecordReader {
    /// The next sums; nil if they are not of so many columns.
    mutating func squares(count: Int) throws -> ExactSquares? {
        guard try number() == count else { return nil }
        let isFinite = try number() != 0
        let words = try bytes(16 * count)
        let sums = words.withUnsafeBytes { buffer in
            (0..<count).map {
                Int128(littleEndian: buffer.loadUnaligned(fromByteOffset: 16 * $0, as: Int128.self))
            }
        }
        return ExactSquares(sums: sums, isFinite: isFinite)
    }

    /// The next site; nil if it names no input.
    mutating func site() throws -> ActivationSite? {
        let (layer, input, expert) = (try number(), try number(), try number())
        guard ActivationSite.Input.ordered.indices ~= input else { return nil }
        return ActivationSite(layer: layer, input: ActivationSite.Input.ordered[input], expert: expert)
    }
}
