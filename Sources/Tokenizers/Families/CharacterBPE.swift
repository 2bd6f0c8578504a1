import Files

/// Byte-pair encoding that starts from characters and spells the unknown ones as bytes.
///
/// One merging loop serves two sources: the ranked merges of a `tokenizer.json`, and the scores of a GGUF vocabulary.
/// Both become a ``PairTable``; the splits that a pre-tokenizer makes become pairs that the table does not have.
struct CharacterBPE: TokenEncoder {
    /// Where a space is put before text.
    enum SpacePrefix: Sendable {
        case none
        /// Before the whole text, and before text that follows a token found in it.
        case everyText
        /// The same, before normalized tokens are looked for.
        case everyTextBeforeNormalizedTokens
        /// Before the whole text, and before text that follows a token found in it before normalization; before text that
        /// follows a normalized token unless it begins with a space.
        case everyTextBesideRawTokens
        /// The same, unless the text begins with a space.
        case unlessSpace
        /// Before the whole text, unless it begins with a space or a token.
        case firstUnlessSpace
    }

    var characters: CharacterTable
    var pairs: PairTable
    /// The token of each byte.
    var bytes: [TokenID]
    /// Symbols from here on are characters without a token that pieces nevertheless contain.
    var tokenCount: Int
    /// The bytes of the symbols from `tokenCount` on.
    var tokenlessCharacters: [[UInt8]] = []
    var addedTokens: AddedTokens
    /// The added tokens that are matched only if special tokens are asked for.
    var specialIDs: Set<TokenID>
    var spacePrefix: SpacePrefix
    /// What happens to spaces before they become marks.
    var preparation = TextPreparation()
    /// How texts are cut where that decides more than which merges there are; nil if they need not be cut.
    var cuts: SegmentCuts?

    func encode(_ text: UnsafeBufferPointer<UInt8>, parseSpecial: Bool, into ids: inout [TokenID]) {
        pairs.withLookup { lookup in
            var merger = SegmentMerger(pairs: lookup)
            let doublesSpaces = spacePrefix == .everyTextBesideRawTokens
            let mindsNormalized = doublesSpaces || spacePrefix == .everyTextBeforeNormalizedTokens
            guard !preparation.isEmpty || mindsNormalized && addedTokens.hasNormalized else {
                return encode(text, addedTokens, spacePrefix, parseSpecial, with: &merger, into: &ids)
            }
            let (raw, normalizedTokens) = addedTokens.stages
            for fragment in raw.fragments(of: text, parseSpecial: parseSpecial, specialIDs: specialIDs) {
                switch fragment {
                case .token(let id): ids.append(id)
                case .text(let range):
                    let (part, prefix) = normalized(
                        UnsafeBufferPointer(rebasing: text[range]), isFirst: range.lowerBound == 0)
                    part.withUnsafeBufferPointer {
                        encode($0, normalizedTokens, prefix, parseSpecial, with: &merger, into: &ids)
                    }
                }
            }
        }
    }

    /// A text between added tokens, before normalized ones are looked for, and where a space is still to be put.
    private func normalized(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> ([UInt8], SpacePrefix) {
        let prepared = preparation.prepared(text)
        if prepared.isEmpty { return ([], .none) }
        switch spacePrefix {
        case .everyTextBesideRawTokens:
            return ((prepared.withUnsafeBufferPointer(SpaceMark.begins) ? [0x20] : []) + prepared, .unlessSpace)
        case .everyTextBeforeNormalizedTokens: return ([0x20] + prepared, .none)
        case .firstUnlessSpace:
            // What counts is where the text began before spaces were left out.
            return (prepared, isFirst && !SpaceMark.begins(text) ? .firstUnlessSpace : .none)
        case .none, .everyText, .unlessSpace: return (prepared, spacePrefix)
        }
    }

    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ addedTokens: AddedTokens, _ prefix: SpacePrefix, _ parseSpecial: Bool,
        with merger: inout SegmentMerger, into ids: inout [TokenID]
    ) {
        for fragment in addedTokens.fragments(of: text, parseSpecial: parseSpecial, specialIDs: specialIDs) {
            switch fragment {
            case .token(let id):
                ids.append(id)
            case .text(let range):
                let part = UnsafeBufferPointer(rebasing: text[range])
                let isPrefixed =
                    switch prefix {
                    case .none: false
                    case .everyText, .everyTextBeforeNormalizedTokens, .everyTextBesideRawTokens: true
                    case .unlessSpace: !SpaceMark.begins(part)
                    case .firstUnlessSpace: range.lowerBound == 0 && !SpaceMark.begins(part)
                    }
                if let cuts {
                    let marked = (isPrefixed ? SpaceMark.bytes : []) + SpaceMark.escaped(part)
                    marked.withUnsafeBufferPointer { encode($0, cuts, with: &merger, into: &ids) }
                    continue
                }
                if isPrefixed { appendSpace(to: &merger, &ids) }
                encode(part, with: &merger, into: &ids)
            }
        }
    }

    private func encode(
        _ marked: UnsafeBufferPointer<UInt8>, _ cuts: SegmentCuts, with merger: inout SegmentMerger,
        into ids: inout [TokenID]
    ) {
        for range in cuts.segments(of: marked) {
            let segment = UnsafeBufferPointer(rebasing: marked[range])
            if let id = cuts.wholePieces?.find(segment) {
                ids.append(id)
            } else {
                encode(segment, with: &merger, into: &ids)
            }
        }
    }

    /// Merges make tokens of neighbours alone; pieces that are cut out could be longer.
    var cutsBeforeLineBreaks: Bool { cuts?.pieces == nil && cuts?.wholePieces == nil }

    /// The rank of the merge that completes `piece`; nil if the merges do not make it.
    func rankOfLastMerge(making id: TokenID, _ piece: ByteString) -> UInt32? {
        var ids: [TokenID] = []
        let rank = pairs.withLookup { lookup in
            var merger = SegmentMerger(pairs: lookup)
            piece.bytes.withUnsafeBufferPointer { encode($0, with: &merger, into: &ids) }
            return merger.lastRank
        }
        return ids == [id] && rank != PairTable.noMerge ? rank : nil
    }

    /// The tokens of a text alone: no added tokens are looked for, and no space is put before it.
    func idsOfPlainText(_ text: [UInt8]) -> [TokenID] {
        var ids: [TokenID] = []
        pairs.withLookup { lookup in
            var merger = SegmentMerger(pairs: lookup)
            text.withUnsafeBufferPointer { encode($0, with: &merger, into: &ids) }
        }
        return ids
    }

    /// Encodes text without added tokens, and leaves the merger empty.
    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, with merger: inout SegmentMerger, into ids: inout [TokenID]
    ) {
        guard let base = text.baseAddress else { return finish(&merger, &ids) }
        var position = 0
        characters.withTables { plane0, otherPlanes in
            while position < text.count {
                guard
                    case .character(let length, let scalar) = UTF8Sequence(
                        base + position, count: text.count &- position)
                else { return }
                let symbol = scalar < 0x10000 ? plane0[Int(scalar)] : otherPlanes[scalar] ?? CharacterTable.none
                if symbol < 0 {
                    finish(&merger, &ids)
                    appendBytes(scalar == 0x20 ? SpaceMark.bytes : Array(text[position..<position + length]), &ids)
                } else if !merger.append(symbol) {
                    finish(&merger, &ids)
                    _ = merger.append(symbol)
                }
                position &+= length
            }
        }
        finish(&merger, &ids)
        if position < text.count { encodeInvalid(text[position...], with: &merger, into: &ids) }
    }

    /// Encodes text that begins with bytes that are not UTF-8, as stock llama.cpp does.
    ///
    /// The first byte says how many the character claims; they become byte tokens, whatever they are. Spaces are marks
    /// (three bytes) by then, so a claim can cut one apart.
    private func encodeInvalid(
        _ text: Slice<UnsafeBufferPointer<UInt8>>, with merger: inout SegmentMerger, into ids: inout [TokenID]
    ) {
        let escaped = SpaceMark.escaped(text)
        escaped.withUnsafeBufferPointer { buffer in
            var position = 0
            while position < buffer.count {
                var end = position
                while end < buffer.count,
                    case .character(let length, _) = UTF8Sequence(buffer.baseAddress! + end, count: buffer.count - end)
                {
                    end += length
                }
                encode(UnsafeBufferPointer(rebasing: buffer[position..<end]), with: &merger, into: &ids)
                guard end < buffer.count else { return }
                let claim =
                    switch buffer[end] {
                    case 0xc0...0xdf: 2
                    case 0xe0...0xef: 3
                    case 0xf0...0xff: 4
                    default: 1
                    }
                position = Swift.min(end + claim, buffer.count)
                appendBytes(Array(buffer[end..<position]), &ids)
            }
        }
    }

    /// Puts a space before the text that follows.
    private func appendSpace(to merger: inout SegmentMerger, _ ids: inout [TokenID]) {
        let symbol = characters[0x20]
        if symbol < 0 { appendBytes(SpaceMark.bytes, &ids) } else { _ = merger.append(symbol) }
    }

    @inline(__always)
    private func finish(_ merger: inout SegmentMerger, _ ids: inout [TokenID]) {
        merger.finish { symbol in
            if symbol < tokenCount {
                ids.append(symbol)
            } else {
                appendBytes(tokenlessCharacters[Int(symbol) - tokenCount], &ids)
            }
        }
    }

    private func appendBytes(_ bytes: [UInt8], _ ids: inout [TokenID]) {
        for byte in bytes { ids.append(self.bytes[Int(byte)]) }
    }

    /// The tokens `<0x00>` to `<0xFF>`.
    static func byteTokens(of table: PieceTable) throws(TokenizationError) -> [TokenID] {
        var tokens: [TokenID] = []
        for byte in UInt8.min...UInt8.max {
            guard let id = table.find(byteName(byte).bytes[...]) else {
                throw TokenizationError(.missingByteToken(byte))
            }
            tokens.append(id)
        }
        return tokens
    }

    /// The byte whose token is spelled so.
    static func byte(named name: ByteString) -> UInt8? {
        guard name.count == 6, let digits = ByteString(name.bytes[3..<5]).string,
            let byte = UInt8(digits, radix: 16), byteName(byte) == name
        else { return nil }
        return byte
    }

    /// How the token of a byte is spelled.
    static func byteName(_ byte: UInt8) -> ByteString {
        let digits = String(byte, radix: 16, uppercase: true)
        return ByteString("<0x" + (byte < 16 ? "0" : "") + digits + ">")
    }
}
