import ByteJSON
import TensorCore

/// How a `tokenizer.json` turns spaces into U+2581, and where it puts one more.
struct MarkedSpaces {
    /// Whether the marks are there before added tokens are looked for a second time.
    let normalizes: Bool
    let prefix: CharacterBPE.SpacePrefix
    /// Whether texts are cut before every mark.
    let splits: Bool
    /// The pre-tokenizers that have nothing to do with it.
    let otherPreTokenizers: [TokenizerDefinition.Component]

    private static let supported =
        "Replace of \" \" by \"\u{2581}\" after Prepend of \"\u{2581}\" or nothing; or Metaspace as the pre-tokenizer"

    init(_ definition: TokenizerDefinition) throws(TokenizationError) {
        if let metaspace = definition.preTokenizers.first, metaspace.type == "Metaspace",
            definition.normalizers.isEmpty
        {
            try metaspace.allow(["replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"])
            guard metaspace["replacement"]?.bytes == SpaceMark.piece else {
                throw metaspace.unsupported("another replacement", supported: Self.supported)
            }
            let scheme = metaspace["prepend_scheme"]?.string
            switch (scheme, metaspace["add_prefix_space"]?.bool ?? true) {
            case ("never", _), (nil, false): prefix = .none
            case ("first", _): prefix = .firstUnlessSpace
            case ("always", _), (nil, true): prefix = .unlessSpace
            default: throw metaspace.unsupported("prepend_scheme \(scheme ?? "")", supported: Self.supported)
            }
            normalizes = false
            splits = metaspace["split"]?.bool ?? true
            otherPreTokenizers = Array(definition.preTokenizers.dropFirst())
            return
        }
        var normalizers = definition.normalizers[...]
        if let first = normalizers.first, first.type == "Prepend" {
            try first.allow(["prepend"])
            guard first["prepend"]?.bytes == SpaceMark.piece else {
                throw first.unsupported("another Prepend", supported: Self.supported)
            }
            prefix = .everyTextBeforeNormalizedTokens
            normalizers = normalizers.dropFirst()
        } else {
            prefix = .none
        }
        guard let replace = normalizers.first else {
            throw TokenizationError(.unsupported(part: "normalizer", found: "none", supported: Self.supported))
        }
        guard replace.type == "Replace" else { throw replace.unsupported(replace.type, supported: Self.supported) }
        try replace.allow(["pattern", "content"])
        guard replace.hasPattern("String", text: " "), replace["content"]?.bytes == SpaceMark.piece else {
            throw replace.unsupported("another Replace", supported: Self.supported)
        }
        if let next = normalizers.dropFirst().first {
            throw next.unsupported(next.type, supported: "no further normalizer")
        }
        normalizes = true
        splits = false
        otherPreTokenizers = definition.preTokenizers
    }

    /// Why stock llama.cpp would put spaces elsewhere, if it would: it knows one way.
    var conflict: TokenizationError? {
        switch prefix {
        case .none, .everyText, .everyTextBeforeNormalizedTokens: nil
        case .unlessSpace, .firstUnlessSpace:
            TokenizationError(
                .unsupported(
                    part: "pre_tokenizer", found: "a space before texts that do not begin with one, in GGUF",
                    supported: "a space before every text"))
        }
    }
}

extension TokenizerDefinition {
    /// Makes sure that the decoder turns marks into spaces and joins bytes.
    func checkMarkDecoder() throws(TokenizationError) -> TokenDecoder.LeadingSpaces {
        let supported = "Replace of \"\u{2581}\" by \" \", ByteFallback, Fuse, Strip of one space at the left"
        let expected = ["Replace", "ByteFallback", "Fuse", "Strip"]
        let keys: [Set<ByteString>] = [["pattern", "content"], [], [], ["content", "start", "stop"]]
        for (index, component) in decoders.enumerated() {
            guard index < expected.count, component.type == expected[index] else {
                throw component.unsupported(component.type, supported: supported)
            }
            try component.allow(keys[index])
        }
        guard decoders.count >= 3 else {
            throw TokenizationError(
                .unsupported(part: "decoder", found: "\(decoders.count) steps", supported: supported))
        }
        guard decoders[0].hasPattern("String", text: SpaceMark.piece), decoders[0]["content"]?.bytes == " " else {
            throw decoders[0].unsupported("another Replace", supported: supported)
        }
        guard decoders.count == 4 else { return .keeps }
        guard decoders[3]["content"]?.bytes == " ", decoders[3]["start"]?.integer == 1,
            decoders[3]["stop"]?.integer == 0
        else { throw decoders[3].unsupported("another Strip", supported: supported) }
        return .dropsOne
    }
}
