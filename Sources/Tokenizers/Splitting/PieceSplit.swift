import Files

/// The pieces that a pre-tokenizer cuts out of a marked text, as transformers writes it for the user-defined pieces of a
/// SentencePiece model: the leftmost of them, of several the longest.
struct PieceSplit: Sendable {
    let pieces: [ByteString]
    /// Finds the pieces, by their places in the list.
    private let matcher: AddedTokenMatcher

    init?(_ component: TokenizerDefinition.Component) {
        guard component.type == "Split", component["behavior"]?.string == "Isolated",
            component["invert"]?.bool != true, let pattern = component["pattern"]?.object, pattern.count == 1
        else { return nil }
        if let text = pattern["String"]?.bytes, !text.isEmpty {
            pieces = [text]
        } else if let expression = pattern["Regex"]?.bytes, let literals = Self.literals(of: expression) {
            pieces = literals
        } else {
            return nil
        }
        var matcher = AddedTokenMatcher()
        for (index, piece) in pieces.enumerated() { matcher.insert(piece, id: TokenID(index)) }
        self.matcher = matcher
    }

    /// The alternatives of a regular expression that has nothing but literal ones; nil for any other.
    private static func literals(of expression: ByteString) -> [ByteString]? {
        var literals: [[UInt8]] = [[]]
        var isEscaped = false
        for byte in expression.bytes {
            if isEscaped {
                // A letter or a digit behind a backslash is no literal.
                guard byte < 0x80, !isAlphanumeric(byte) else { return nil }
                literals[literals.count - 1].append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "|") {
                literals.append([])
            } else if ".^$*+?()[]{}".utf8.contains(byte) {
                return nil
            } else {
                literals[literals.count - 1].append(byte)
            }
        }
        // An expression takes the first alternative that fits, which is the longest only where longer ones come first.
        let isOrdered = literals.indices.allSatisfy { index in
            literals[..<index].allSatisfy { !literals[index].starts(with: $0) }
        }
        guard !isEscaped, isOrdered, !literals.contains([]) else { return nil }
        return literals.map { ByteString($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    /// The parts of a marked text: the pieces, and what is between them.
    func parts(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var end = 0
        return matcher.leftmostLongest(0..<text.count, of: text) { _ in true }.map { fragment in
            let part =
                switch fragment {
                case .text(let range): range
                case .token(let index): end..<end + pieces[Int(index)].count
                }
            end = part.upperBound
            return part
        }
    }
}
