import Files

/// A piece of a text that is tokenized on its own.
enum TextFragment: Equatable {
    case text(Range<Int>)
    case token(TokenID)
}

/// What an added token asks of the text around it, and takes of it.
struct AddedTokenSurroundings: Sendable, Equatable {
    /// Whether it takes the spaces before it.
    var takesSpacesBefore = false
    /// Whether it takes the spaces after it.
    var takesSpacesAfter = false
    /// Whether it is found only where no word touches it.
    var isWholeWord = false

    static let any = AddedTokenSurroundings()
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
    /// The tokens that do not take the text around them as it is.
    private var surroundings: [TokenID: AddedTokenSurroundings] = [:]

    init(spaceIsMark: Bool = false) { self.spaceIsMark = spaceIsMark }

    var isEmpty: Bool { tokens.count == 1 }

    mutating func insert(_ piece: ByteString, id: TokenID, _ surroundings: AddedTokenSurroundings = .any) {
        if surroundings != .any { self.surroundings[id] = surroundings }
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
            if keeps(longest.id),
                let taken = taken(longest.id, position..<longest.end, of: text, in: range, from: start)
            {
                if start < taken.lowerBound { fragments.append(.text(start..<taken.lowerBound)) }
                fragments.append(.token(longest.id))
                start = taken.upperBound
            }
            position = longest.end
        }
        if start < range.upperBound { fragments.append(.text(start..<range.upperBound)) }
        return fragments
    }

    /// The range that a token takes where it is found in `match`; nil if what is around it forbids it.
    /// - Parameters:
    ///   - range: the text that is searched; nothing around it is seen.
    ///   - start: where the token before this one ends.
    private func taken(
        _ id: TokenID, _ match: Range<Int>, of text: UnsafeBufferPointer<UInt8>, in range: Range<Int>, from start: Int
    ) -> Range<Int>? {
        guard !surroundings.isEmpty, let rules = surroundings[id] else { return match }
        if rules.isWholeWord {
            let before = characters(before: match.lowerBound, in: text, from: range.lowerBound).next()
            let after = characters(after: match.upperBound, in: text, upTo: range.upperBound).next()
            if before?.isWord == true || after?.isWord == true { return nil }
        }
        var (first, end) = (match.lowerBound, match.upperBound)
        if rules.takesSpacesBefore {
            for character in characters(before: first, in: text, from: start) {
                guard character.isSpace else { break }
                first -= character.length
            }
        }
        if rules.takesSpacesAfter {
            for character in characters(after: end, in: text, upTo: range.upperBound) {
                guard character.isSpace else { break }
                end += character.length
            }
        }
        return Swift.min(Swift.max(first, start), end)..<end
    }

    private typealias Neighbour = (isSpace: Bool, isWord: Bool, length: Int)

    private func neighbour(_ scalar: UInt32, length: Int) -> Neighbour {
        // Where spaces are marks, they are no longer spaces.
        if spaceIsMark, scalar == 0x20 { return (false, false, 1) }
        let scalarClass = ScalarClasses.huggingFace[scalar]
        return (scalarClass.contains(.space), scalarClass.contains(.word), length)
    }

    private func characters(
        after start: Int, in text: UnsafeBufferPointer<UInt8>, upTo end: Int
    ) -> AnyIterator<Neighbour> {
        var position = start
        return AnyIterator {
            guard position < end,
                case .character(let length, let scalar) = UTF8Sequence(
                    text.baseAddress! + position, count: end - position)
            else { return nil }
            position += length
            return neighbour(scalar, length: length)
        }
    }

    private func characters(
        before end: Int, in text: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> AnyIterator<Neighbour> {
        var position = end
        return AnyIterator {
            var first = position - 1
            while first > start, first > position - 4, text[first] & 0xc0 == 0x80 { first -= 1 }
            guard first >= start,
                case .character(let length, let scalar) = UTF8Sequence(
                    text.baseAddress! + first, count: position - first),
                first + length == position
            else { return nil }
            position = first
            return neighbour(scalar, length: length)
        }
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
