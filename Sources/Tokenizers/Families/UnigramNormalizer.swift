/// What becomes of a text before its pieces are looked for.
struct UnigramNormalizer: Sendable {
    enum Kind: Sendable {
        /// Spaces become marks, and one may come before the text.
        case marks(CharacterBPE.SpacePrefix, TextPreparation)
        /// Words between white space are each marked at the beginning, unless they are already.
        case words
        /// Normalizes as SentencePiece and stock llama.cpp do.
        case sentencePiece(addsSpacePrefix: Bool, removesExtraSpaces: Bool, CharacterMap?)
    }

    let kind: Kind

    /// - Parameter isFirst: whether the text is at the beginning of the whole.
    func normalized(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8] {
        switch kind {
        case .words:
            return UTF8Sequence.isValid(text) ? words(of: Array(text)) : words(of: UTF8Repair.repaired(text))
        case .marks(let prefix, let preparation):
            let prepared = preparation.prepared(text)
            if prepared.isEmpty { return [] }
            let isPrefixed =
                switch prefix {
                case .none: false
                case .everyText, .everyTextBeforeNormalizedTokens, .everyTextBesideRawTokens: true
                case .unlessSpace: !prepared.withUnsafeBufferPointer(SpaceMark.begins)
                // What counts is where the text began before spaces were left out.
                case .firstUnlessSpace: isFirst && !SpaceMark.begins(text)
                }
            let marked = SpaceMark.escaped(
                prepared.withUnsafeBufferPointer { UTF8Sequence.isValid($0) ? prepared : UTF8Repair.repaired($0) })
            return isPrefixed ? SpaceMark.bytes + marked : marked
        case .sentencePiece(let addsSpacePrefix, let removesExtraSpaces, let map):
            return sentencePiece(text, addsSpacePrefix, removesExtraSpaces, map)
        }
    }

    private func words(of text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var isInWord = false
        for (range, scalar) in UTF8Sequence.characters(of: text) {
            let isSpace = UnicodeScalar(scalar)?.properties.isWhitespace ?? false
            if !isSpace {
                if !isInWord, scalar != SpaceMark.scalar { result += SpaceMark.bytes }
                result += text[range]
            }
            isInWord = !isSpace
        }
        return result
    }

    private func sentencePiece(
        _ text: UnsafeBufferPointer<UInt8>, _ addsSpacePrefix: Bool, _ removesExtraSpaces: Bool, _ map: CharacterMap?
    ) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        var needsPrefix = addsSpacePrefix
        var isInWord = false
        func append(_ byte: UInt8) {
            guard byte != 0x20 else {
                isInWord = false
                if !removesExtraSpaces { result += SpaceMark.bytes }
                return
            }
            if !isInWord {
                isInWord = true
                if needsPrefix || removesExtraSpaces { result += SpaceMark.bytes }
                needsPrefix = false
            }
            result.append(byte)
        }
        var position = 0
        while position < text.count {
            if let match = map?.longestMatch(in: text, at: position) {
                match.replacement.forEach(append)
                position += match.length
                continue
            }
            let length = UTF8Repair.sequenceLength(text, at: position)
            if length > 0 {
                text[position..<position + length].forEach(append)
            } else {
                UnicodeScalar.replacement.forEach(append)
            }
            position += Swift.max(length, 1)
        }
        return result
    }
}
