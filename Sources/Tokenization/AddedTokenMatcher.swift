import TensorCore

/// A piece of a text that is tokenized on its own.
enum TextFragment: Equatable {
    case text(Range<Int>)
    case token(TokenID)
}

/// Finds tokens that are taken out of a text before it is merged.
struct AddedTokenMatcher: Sendable {
    /// Whether a space in the text matches U+2581 in a token.
    private let spaceIsMark: Bool
    /// The bytes that can begin a match.
    private var beginnings = [Bool](repeating: false, count: 256)
    private var children: [UInt64: Int32] = [:]
    /// The token that ends at each node of the trie; -1 where none does.
    private var tokens: [TokenID] = [-1]

    init(spaceIsMark: Bool = false) { self.spaceIsMark = spaceIsMark }

    var isEmpty: Bool { tokens.count == 1 }

    mutating func insert(_ piece: ByteString, id: TokenID) {
        let bytes = spaceIsMark ? SpaceMark.escaped(piece.bytes) : piece.bytes
        var node: Int32 = 0
        for byte in bytes {
            let key = Self.key(node, byte)
            if let child = children[key] {
                node = child
            } else {
                node = Int32(truncatingIfNeeded: tokens.count)
                children[key] = node
                tokens.append(-1)
            }
        }
        tokens[Int(node)] = id
        beginnings[Int(bytes[0])] = true
        if spaceIsMark, bytes.starts(with: SpaceMark.bytes) { beginnings[0x20] = true }
    }

    private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 { UInt64(node) << 8 | UInt64(byte) }

    /// Calls `body` with each token that the text has at `start`, and its end, shortest first.
    private func matches(
        at start: Int, in text: UnsafeBufferPointer<UInt8>, before end: Int, _ body: (TokenID, Int) -> Void
    ) {
        var node: Int32? = 0
        for position in start..<end {
            if spaceIsMark, text[position] == 0x20 {
                for byte in SpaceMark.bytes { node = node.flatMap { children[Self.key($0, byte)] } }
            } else {
                node = node.flatMap { children[Self.key($0, text[position])] }
            }
            guard let node else { return }
            if tokens[Int(node)] >= 0 { body(tokens[Int(node)], position + 1) }
        }
    }

    /// Splits `range` at its matches from left to right, the longest at each place.
    ///
    /// - Parameter keeps: whether a match is taken as a token; otherwise the matched text stays text, and is not
    ///   searched for other tokens.
    func leftmostLongest(
        _ range: Range<Int>, of text: UnsafeBufferPointer<UInt8>, keeps: (TokenID) -> Bool
    ) -> [TextFragment] {
        guard !isEmpty else { return range.isEmpty ? [] : [.text(range)] }
        var fragments: [TextFragment] = []
        var start = range.lowerBound
        var position = start
        while position < range.upperBound {
            guard beginnings[Int(text[position])] else {
                position += 1
                continue
            }
            var longest: (id: TokenID, end: Int)?
            matches(at: position, in: text, before: range.upperBound) { longest = ($0, $1) }
            guard let longest else {
                position += 1
                continue
            }
            if keeps(longest.id) {
                if start < position { fragments.append(.text(start..<position)) }
                fragments.append(.token(longest.id))
                start = longest.end
            }
            position = longest.end
        }
        if start < range.upperBound { fragments.append(.text(start..<range.upperBound)) }
        return fragments
    }

    /// Splits the text at its matches as stock llama.cpp does: all occurrences of the longest token first, then those
    /// of the next in what is left; of equally long tokens the one with the lower id.
    func longestFirst(of text: UnsafeBufferPointer<UInt8>, keeps: (TokenID) -> Bool) -> [TextFragment] {
        guard !isEmpty else { return text.isEmpty ? [] : [.text(0..<text.count)] }
        var candidates: [(start: Int, end: Int, id: TokenID)] = []
        for position in 0..<text.count where beginnings[Int(text[position])] {
            matches(at: position, in: text, before: text.count) { id, end in
                if keeps(id) { candidates.append((position, end, id)) }
            }
        }
        guard !candidates.isEmpty else { return text.isEmpty ? [] : [.text(0..<text.count)] }
        candidates.sort {
            let (a, b) = ($0.end - $0.start, $1.end - $1.start)
            return a != b ? a > b : $0.id != $1.id ? $0.id < $1.id : $0.start < $1.start
        }
        // Everything taken before is at least as long, so an overlap shows at one of the two ends.
        var isTaken = [Bool](repeating: false, count: text.count)
        var taken: [(start: Int, end: Int, id: TokenID)] = []
        for candidate in candidates where !isTaken[candidate.start] && !isTaken[candidate.end - 1] {
            for position in candidate.start..<candidate.end { isTaken[position] = true }
            taken.append(candidate)
        }
        taken.sort { $0.start < $1.start }
        var fragments: [TextFragment] = []
        var start = 0
        for match in taken {
            if start < match.start { fragments.append(.text(start..<match.start)) }
            fragments.append(.token(match.id))
            start = match.end
        }
        if start < text.count { fragments.append(.text(start..<text.count)) }
        return fragments
    }
}
