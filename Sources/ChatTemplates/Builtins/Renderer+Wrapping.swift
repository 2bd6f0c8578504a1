/// The filter `wordwrap`, in the way of Python's `textwrap`.
extension Renderer {
    func wrapped(_ value: Value, _ given: [Value?]) throws(ChatTemplateError) -> Value {
        let text = try bytes(value)
        let width = try integer(given[0], 79)
        let breaksWords = try isTrue(given[1] ?? .bool(true))
        var separator: [UInt8] = [0x0a]
        if let value = given[2], !isNone(value) { separator = try bytes(value) }
        // Where words with hyphens are broken depends on the letters around them.
        if try isTrue(given[3] ?? .bool(true)), text.contains(UInt8(ascii: "-")) {
            throw unsupported(filter: "wordwrap")
        }
        var wrapped: [[UInt8]] = []
        for line in try lines(of: text, keepsEnds: false) {
            guard width > 0 else { throw wrong("lines are wrapped to \(width) characters") }
            let pieces = try pieces(of: line)
            wrapped.append(try joined(try filled(pieces, width, breaksWords: breaksWords), by: separator))
        }
        return try string(try joined(wrapped, by: separator))
    }

    /// Words and what is between them, in characters.
    private func pieces(of line: [UInt8]) throws(ChatTemplateError) -> [[[UInt8]]] {
        var pieces: [[[UInt8]]] = []
        var wasBlank: Bool?
        for character in try characters(of: line) {
            let isBlank = character.count == 1 && " \t\n\r\u{b}\u{c}".utf8.contains(character[0])
            if isBlank == wasBlank { pieces[pieces.count - 1].append(character) } else { pieces.append([character]) }
            wasBlank = isBlank
        }
        return pieces
    }

    private func filled(
        _ pieces: [[[UInt8]]], _ width: Int, breaksWords: Bool
    ) throws(ChatTemplateError) -> [[UInt8]] {
        func isBlank(_ piece: [[UInt8]]) -> Bool {
            String(decoding: piece.joined(), as: UTF8.self).unicodeScalars.allSatisfy(Whitespace.contains)
        }
        // The next one is the last one.
        var rest = Array(pieces.reversed())
        var lines: [[UInt8]] = []
        while let next = rest.last {
            try spend(2)
            var line: [[[UInt8]]] = []
            var length = 0
            if !lines.isEmpty, isBlank(next) { rest.removeLast() }
            while let piece = rest.last, length + piece.count <= width {
                line.append(piece)
                length += piece.count
                rest.removeLast()
            }
            if let piece = rest.last, piece.count > width {
                if breaksWords {
                    try spend(piece.count)
                    line.append(Array(piece.prefix(width - length)))
                    rest[rest.count - 1] = Array(piece.dropFirst(width - length))
                } else if line.isEmpty {
                    line.append(piece)
                    rest.removeLast()
                }
            }
            if let last = line.last, isBlank(last) { line.removeLast() }
            if !line.isEmpty { lines.append(Array(line.joined().joined())) }
        }
        return lines
    }
}
