import Files

/// Byte-pair encoding over bytes, of words that a splitting pattern cuts out first.
struct ByteLevelBPE: TokenEncoder {
    /// What becomes of bytes that have no token.
    enum Gaps: Equatable {
        /// They are left out, and what is beside them is not merged.
        case divide
        /// They are left out, and what is beside them is merged as if they had not been there.
        case vanish
        /// Each becomes this token, or each run of them does.
        case become(TokenID, runs: Bool)
    }

    var splitter: WordSplitter
    var pairs: PairTable
    /// The token of each byte; -1 for those that have none.
    var bytes: [TokenID]
    /// What becomes of bytes that have no token.
    var gaps: Gaps
    /// The words that are tokens whatever the merges say.
    var wholeWords: WordTable?
    var addedTokens: AddedTokens
    /// The added tokens that are matched only if special tokens are asked for.
    var specialIDs: Set<TokenID>
    /// Whether text that begins without a space gets one.
    var addsSpacePrefix: Bool
    /// Whether texts are brought to normalization form C first.
    var composes: Bool

    func encode(_ text: UnsafeBufferPointer<UInt8>, parseSpecial: Bool, into ids: inout [TokenID]) {
        guard UTF8Sequence.isValid(text) else {
            // Tokens are looked for in the text as it is, so what they leave is repaired part by part.
            return encode(text, addedTokens, parseSpecial, into: &ids) { UTF8Repair.repaired($0) }
        }
        guard composes else { return encode(text, addedTokens, parseSpecial, into: &ids) { _ in nil } }
        let (raw, normalized) = addedTokens.stages
        for fragment in raw.fragments(of: text, parseSpecial: parseSpecial, specialIDs: specialIDs) {
            switch fragment {
            case .token(let id): ids.append(id)
            case .text(let range):
                let part = UnsafeBufferPointer(rebasing: text[range])
                if let composed = CanonicalComposition.shared.normalized(part) {
                    composed.withUnsafeBufferPointer {
                        encode($0, normalized, parseSpecial, into: &ids) { _ in nil }
                    }
                } else {
                    encode(part, normalized, parseSpecial, into: &ids) { _ in nil }
                }
            }
        }
    }

    /// - Parameter changed: what text between tokens is replaced by; nil if it stays.
    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ addedTokens: AddedTokens, _ parseSpecial: Bool,
        into ids: inout [TokenID], _ changed: (UnsafeBufferPointer<UInt8>) -> [UInt8]?
    ) {
        pairs.withLookup { lookup in
            var merger = SegmentMerger(pairs: lookup)
            for fragment in addedTokens.fragments(of: text, parseSpecial: parseSpecial, specialIDs: specialIDs) {
                switch fragment {
                case .token(let id):
                    ids.append(id)
                case .text(let range):
                    let part = UnsafeBufferPointer(rebasing: text[range])
                    let changed = changed(part)
                    if addsSpacePrefix && part.first != 0x20 {
                        ([0x20] + (changed ?? Array(part))).withUnsafeBufferPointer {
                            encode($0, with: &merger, into: &ids)
                        }
                    } else if let changed {
                        changed.withUnsafeBufferPointer { encode($0, with: &merger, into: &ids) }
                    } else {
                        encode(part, with: &merger, into: &ids)
                    }
                }
            }
        }
    }

    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, with merger: inout SegmentMerger, into ids: inout [TokenID]
    ) {
        bytes.withUnsafeBufferPointer { symbols in
            // The closure cannot hold the inout parameters' owners, so they travel through a pointer.
            withUnsafeMutablePointer(to: &merger) { merger in
                splitter.forEachWord(of: text) { word in
                    if let id = wholeWords?.find(word) {
                        ids.append(id)
                        return
                    }
                    var isInGap = false
                    for byte in word {
                        var symbol = symbols[Int(byte)]
                        let continuesGap = isInGap && symbol < 0
                        isInGap = symbol < 0
                        if symbol < 0 {
                            guard case .become(let unknown, let runs) = gaps else {
                                if gaps == .divide { merger.pointee.finish { ids.append($0) } }
                                continue
                            }
                            if runs && continuesGap { continue }
                            symbol = unknown
                        }
                        if !merger.pointee.append(symbol) {
                            merger.pointee.finish { ids.append($0) }
                            _ = merger.pointee.append(symbol)
                        }
                    }
                    merger.pointee.finish { ids.append($0) }
                }
            }
        }
    }

    var cutsBeforeLineBreaks: Bool { splitter.rules.contains(where: \.cutsBeforeLineBreaks) }

    /// Whether the merges alone make `id` of the bytes `word`.
    func merges(_ word: [UInt8], make id: TokenID) -> Bool {
        pairs.withLookup { lookup in
            var merger = SegmentMerger(pairs: lookup)
            for byte in word where bytes[Int(byte)] < 0 || !merger.append(bytes[Int(byte)]) { return false }
            var made: [TokenID] = []
            merger.finish { made.append($0) }
            return made == [id]
        }
    }
}

/// Finds tokens by the bytes that they stand for.
struct WordTable: Sendable {
    private let table: PieceTable
    private let ids: [TokenID]

    /// - Parameter words: no two alike.
    init(_ words: [(bytes: [UInt8], id: TokenID)]) throws(TokenizationError) {
        table = try PieceTable(words.map { ByteString($0.bytes) })
        ids = words.map(\.id)
    }

    func find(_ word: UnsafeBufferPointer<UInt8>) -> TokenID? { table.find(word).map { ids[Int($0)] } }
}
