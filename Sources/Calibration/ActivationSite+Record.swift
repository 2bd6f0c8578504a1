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

extension RecordWriter {
    /// Appends a site: the numbers of its layer, its input and its expert.
    mutating func append(_ site: ActivationSite) throws {
        for number in [site.layer, site.input.number, site.expert] { try append(number) }
    }
}

extension RecordReader {
    /// The next site; nil if it names no input.
    mutating func site() throws -> ActivationSite? {
        let (layer, input, expert) = (try number(), try number(), try number())
        guard ActivationSite.Input.ordered.indices ~= input else { return nil }
        return ActivationSite(layer: layer, input: ActivationSite.Input.ordered[input], expert: expert)
    }
}
