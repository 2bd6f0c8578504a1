import ByteJSON
import Files

/// Tokenizers that merge bytes inside of words: `tokenizer.json` with ByteLevel, and GGUF's `gpt2` vocabularies.
enum ByteLevelBPEFamily: TokenizerFamily {
    static func claims(_ definition: TokenizerDefinition) -> Bool {
        definition.model.type == "BPE" && definition.model["byte_fallback"]?.bool != true
            && definition.preTokenizers.contains { $0.type == "ByteLevel" }
    }

    static var hasSentencePieceModel: Bool { false }
    static var hasPreTokenizers: Bool { true }

    static func claims(_ vocabulary: Vocabulary) -> Bool {
        vocabulary.model == "gpt2" && PreTokenizers.named(vocabulary.pre) != nil
    }

    static func parts(of definition: TokenizerDefinition) throws(TokenizationError) -> TokenizerParts {
        let composes = definition.normalizers.first?.type == "NFC"
        if let normalizer = definition.normalizers.dropFirst(composes ? 1 : 0).first {
            throw normalizer.unsupported(normalizer.type, supported: "NFC or no normalizer")
        }
        if composes, let token = definition.addedTokens.first(where: { $0.isNormalized && !$0.isInFormC }) {
            throw TokenizationError(
                .unsupported(
                    part: "added token \"\(token.content)\"", found: "normalized but not in form C",
                    supported: "tokens in form C"))
        }
        try checkDecoder(definition.decoders)
        try definition.checkBPESettings()
        guard let members = definition.model["vocab"]?.object else {
            throw TokenizerDefinition.malformed("model.vocab", "an object")
        }
        let (table, addedOnly) = try definition.pieces(members)
        let merges = try Merge.list(definition.model["merges"], table, addedOnly: addedOnly)
        let (kinds, specialIDs) = definition.addedKinds()
        let plan = try WordPlan(definition)
        let ignoresMerges = definition.model["ignore_merges"]?.bool == true

        var encoder = ByteLevelBPE(
            splitter: .huggingFace(plan.rules), pairs: PairTable(minimumCapacity: merges.count * 2),
            bytes: byteTokens(of: table), gaps: try gaps(definition.model, table, addedOnly), wholeWords: nil,
            addedTokens: .leftmostLongest(definition.addedTokens, spaceIsMark: false), specialIDs: specialIDs,
            addsSpacePrefix: plan.addsSpacePrefix,
            composes: composes)
        addPairs(merges, table, to: &encoder)
        let words = words(of: table.pieces).filter { !addedOnly.contains($0.id) }
        // Without a piece that the merges do not make it does not matter whether they are ignored for whole words.
        let unmade = words.first { !encoder.merges($0.bytes, make: $0.id) }
        if ignoresMerges { encoder.wholeWords = try WordTable(words) }

        let stored = try plan.stored(ignoresMerges: ignoresMerges, unmade: unmade?.id, words: words, pieces: table)
        let affixes = try definition.affixes(table, ignoring: ["ByteLevel"])
        let vocabulary = Vocabulary(
            model: "gpt2", pre: stored.pre, pieces: table.pieces, scores: [],
            merges: merges.map { table.pieces[Int($0.left)].joined(" ", table.pieces[Int($0.right)]) },
            kinds: table.pieces.indices.map { kinds[TokenID($0)] ?? .normal },
            specials: SpecialTokens(bos: affixes.prefix, eos: affixes.suffix), addsBOS: affixes.prefix != nil,
            addsEOS: affixes.suffix != nil, separatesPairs: affixes.separatesPairs, addsSpacePrefix: false)
        var decoder = TokenDecoder(repair: .wholeText)
        for (index, piece) in table.pieces.enumerated() {
            decoder.append(
                ByteAlphabet.bytes(of: piece) ?? piece.bytes, isSpecial: specialIDs.contains(TokenID(index)))
        }
        return TokenizerParts(
            vocabulary: vocabulary, encoder: encoder, decoder: decoder, storedConflict: stored.conflict,
            warnings: warnings(encoder, table))
    }

    private static func checkDecoder(_ components: [TokenizerDefinition.Component]) throws(TokenizationError) {
        guard let component = components.first else {
            throw TokenizationError(.unsupported(part: "decoder", found: "none", supported: "ByteLevel"))
        }
        for component in components.dropFirst() { throw component.unsupported(component.type, supported: "ByteLevel") }
        guard component.type == "ByteLevel" else {
            throw component.unsupported(component.type, supported: "ByteLevel")
        }
    }

    /// The token of each byte; -1 for those that have none.
    static func byteTokens(of table: PieceTable) -> [TokenID] {
        (UInt8.min...UInt8.max).map { table.find(ByteAlphabet.piece(of: $0).bytes[...]) ?? -1 }
    }

    /// What HuggingFace makes of bytes without tokens: the unknown token, if there is one.
    private static func gaps(
        _ model: TokenizerDefinition.Component, _ table: PieceTable, _ addedOnly: Set<TokenID>
    ) throws(TokenizationError) -> ByteLevelBPE.Gaps {
        guard let name = model["unk_token"]?.bytes, byteTokens(of: table).contains(-1) else { return .vanish }
        guard let id = table.find(name.bytes[...]), !addedOnly.contains(id) else {
            throw TokenizationError(.specialToken(role: "model.unk_token", found: "\"\(name)\""))
        }
        return .become(id, runs: model["fuse_unk"]?.bool == true)
    }

    /// Names the bytes without tokens, but for those that UTF-8 never has, or only in characters of planes 4 to 16: no
    /// character is assigned there.
    static func warnings(_ encoder: ByteLevelBPE, _ table: PieceTable) -> [TokenizationWarning] {
        let never: [UInt8] = [0xc0, 0xc1]
        let missing = (UInt8.min...0xf0).filter { !never.contains($0) && encoder.bytes[Int($0)] < 0 }
        guard !missing.isEmpty else { return [] }
        var unknown: ByteString?
        if case .become(let id, _) = encoder.gaps { unknown = table.pieces[Int(id)] }
        return [TokenizationWarning(.bytesWithoutTokens(missing, unknown: unknown))]
    }

    /// The pieces that stand for bytes, with those.
    static func words(of pieces: [ByteString]) -> [(bytes: [UInt8], id: TokenID)] {
        pieces.enumerated().compactMap { index, piece in
            ByteAlphabet.bytes(of: piece).map { (bytes: $0, id: TokenID(index)) }
        }
    }

    static func addPairs(_ merges: [Merge], _ table: PieceTable, to encoder: inout ByteLevelBPE) {
        for (rank, merge) in merges.enumerated() {
            // No text has the bytes of a piece that stands for none.
            guard let bytes = ByteAlphabet.bytes(of: table.pieces[Int(merge.product)]) else { continue }
            let symbols = bytes.map { encoder.bytes[Int($0)] }
            for (left, right) in zip(symbols, symbols.dropFirst()) where left >= 0 && right >= 0 {
                encoder.pairs.insertNeighbours(left, right)
            }
            _ = encoder.pairs.insert(merge.left, merge.right, rank: UInt32(rank), product: merge.product)
        }
    }
}

extension ByteString {
    fileprivate func joined(_ separator: ByteString, _ other: ByteString) -> ByteString {
        ByteString(bytes + separator.bytes + other.bytes)
    }
}

extension TokenizerDefinition.AddedToken {
    fileprivate var isInFormC: Bool {
        content.bytes.withUnsafeBufferPointer {
            CanonicalComposition.shared.normalized($0) ?? content.bytes == content.bytes
        }
    }
}
