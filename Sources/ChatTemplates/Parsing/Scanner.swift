/// Cuts a template into text and tags, as jinja2 does with `trim_blocks` and `lstrip_blocks`.
struct Scanner {
    let source: [UnicodeScalar]
    var position = 0
    private var line = 1
    private var column = 1

    static func segments(of source: String) throws(ChatTemplateError) -> [Segment] {
        guard source.utf8.count <= Limits.sourceLength else {
            throw ChatTemplateError(.limit(.sourceLength), at: Place(line: 1, column: 1))
        }
        var scanner = Scanner(source)
        return try scanner.segments()
    }

    private init(_ source: String) {
        var scalars: [UnicodeScalar] = []
        for scalar in source.unicodeScalars {
            // All kinds of line ends are one.
            if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
            if let last = scalars.last, last == "\r" { scalars[scalars.count - 1] = "\n" }
            scalars.append(scalar)
        }
        if scalars.last == "\r" { scalars[scalars.count - 1] = "\n" }
        if scalars.last == "\n" { scalars.removeLast() }
        self.source = scalars
    }

    var place: Place { Place(line: line, column: column) }

    func scalar(_ offset: Int = 0) -> UnicodeScalar? {
        position + offset < source.count ? source[position + offset] : nil
    }

    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count {
            column += 1
            if source[position] == "\n" { (line, column) = (line + 1, 1) }
            position += 1
        }
    }

    private mutating func segments() throws(ChatTemplateError) -> [Segment] {
        var segments: [Segment] = []
        var text: [UnicodeScalar] = []
        /// Whether the text begins at the beginning of a line.
        var beginsLine = true
        func flush() {
            if !text.isEmpty { segments.append(.text(String(String.UnicodeScalarView(text)))) }
            text = []
        }
        while position < source.count {
            guard scalar() == "{", let kind = scalar(1), kind == "{" || kind == "%" || kind == "#" else {
                text.append(source[position])
                advance()
                continue
            }
            let start = place
            advance(2)
            trim(&text, beforeTag: kind, beginsLine: beginsLine)
            flush()
            switch kind {
            case "#": try skipComment(from: start)
            case "%":
                if takesRaw() {
                    text = try rawText(from: start)
                    flush()
                } else {
                    segments.append(.block(try tokens(until: "%", from: start), start))
                }
            default: segments.append(.output(try tokens(until: "}", from: start), start))
            }
            beginsLine = source[position - 1] == "\n"
        }
        flush()
        return segments
    }

    /// Takes from the text what the beginning of a tag takes, of which the brace and the next character are read.
    private mutating func trim(_ text: inout [UnicodeScalar], beforeTag kind: UnicodeScalar, beginsLine: Bool) {
        if scalar() == "-" {
            while let last = text.last, Whitespace.contains(last) { text.removeLast() }
            advance()
        } else if scalar() == "+" {
            advance()
        } else if kind != "{" {
            let lineStart = text.lastIndex(of: "\n").map { $0 + 1 } ?? (beginsLine ? 0 : nil)
            if let lineStart, text[lineStart...].allSatisfy(Whitespace.contains) { text.removeSubrange(lineStart...) }
        }
    }

    /// Reads the end of a tag, if it is here, with the white space that it takes.
    mutating func takesEnd(_ first: UnicodeScalar) -> Bool {
        let sign = scalar() == "-" || scalar() == "+" ? scalar() : nil
        let offset = sign == nil ? 0 : 1
        guard scalar(offset) == first, scalar(offset + 1) == "}", !(first == "}" && sign == "+") else { return false }
        advance(offset + 2)
        if sign == "-" {
            while let next = scalar(), Whitespace.contains(next) { advance() }
        } else if sign == nil, first != "}", scalar() == "\n" {
            advance()
        }
        return true
    }

    private mutating func skipComment(from start: Place) throws(ChatTemplateError) {
        while position < source.count {
            if takesEnd("#") { return }
            advance()
        }
        throw ChatTemplateError(.syntax(found: "the end of the template", expected: "#}"), at: start)
    }

    /// Reads the rest of `{% raw %}`, if it is here; the line end after it stays.
    private mutating func takesRaw() -> Bool {
        let start = self
        skipSpace()
        if takesWord("raw") {
            skipSpace()
            let isTrimming = scalar() == "-"
            if isTrimming { advance() }
            if scalar() == "%", scalar(1) == "}" {
                advance(2)
                if isTrimming { skipSpace() }
                return true
            }
        }
        self = start
        return false
    }

    private mutating func rawText(from start: Place) throws(ChatTemplateError) -> [UnicodeScalar] {
        var text: [UnicodeScalar] = []
        let beginsLine = source[position - 1] == "\n"
        while position < source.count {
            if scalar() == "{", scalar(1) == "%" {
                let (here, textHere) = (self, text)
                advance(2)
                trim(&text, beforeTag: "%", beginsLine: beginsLine)
                skipSpace()
                if takesWord("endraw") {
                    skipSpace()
                    if takesEnd("%") { return text }
                }
                (self, text) = (here, textHere)
            }
            text.append(source[position])
            advance()
        }
        throw ChatTemplateError(.syntax(found: "the end of the template", expected: "{% endraw %}"), at: start)
    }

    private mutating func skipSpace() {
        while let next = scalar(), Whitespace.contains(next) { advance() }
    }

    private mutating func takesWord(_ word: String) -> Bool {
        let scalars = Array(word.unicodeScalars)
        guard position + scalars.count <= source.count,
            source[position..<position + scalars.count].elementsEqual(scalars)
        else { return false }
        advance(scalars.count)
        return true
    }
}

/// What Python takes for white space.
enum Whitespace {
    static func contains(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0d, 0x1c...0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
            true
        default: false
        }
    }
}
