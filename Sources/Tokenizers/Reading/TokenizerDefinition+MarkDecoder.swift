extension TokenizerDefinition {
    /// Makes sure that the decoder turns marks into spaces and joins bytes.
    /// - Parameter fallsBack: whether there are byte tokens, which have to be joined.
    func checkMarkDecoder(fallsBack: Bool = true) throws(TokenizationError) -> TokenDecoder.LeadingSpaces {
        let supported =
            "Replace of \"\u{2581}\" by \" \", ByteFallback, Fuse, Strip of one space at the left; or Metaspace, "
            + "ByteFallback, Fuse"
        let isMetaspace = decoders.first?.type == "Metaspace"
        var expected = ["ByteFallback", "Fuse"][...]
        if !isMetaspace { expected.append("Strip") }
        var found: [Component] = []
        for component in decoders.dropFirst() {
            if component.type != "ByteFallback", expected.first == "ByteFallback", !fallsBack {
                expected = expected.dropFirst()
            }
            guard let next = expected.popFirst(), component.type == next else {
                throw component.unsupported(component.type, supported: supported)
            }
            if next != "Strip" { try component.allow([]) }
            found.append(component)
        }
        guard let first = decoders.first, !fallsBack || found.count >= 2 else {
            throw TokenizationError(
                .unsupported(part: "decoder", found: "\(decoders.count) steps", supported: supported))
        }
        if isMetaspace { return try first.prependScheme() == .never ? .keeps : .dropsThoseOfFirstToken }
        try first.checkReplace(SpaceMark.piece, by: [0x20], supported: supported)
        guard let strip = found.last, strip.type == "Strip" else { return .keeps }
        try strip.allow(["content", "start", "stop"])
        guard strip["content"]?.bytes == " ", strip["start"]?.integer == 1, strip["stop"]?.integer == 0 else {
            throw strip.unsupported("another Strip", supported: supported)
        }
        return .dropsOne
    }
}
