extension ChatTemplate {
    /// A piece of a template.
    enum Segment {
        case text(String)
        /// `{{ … }}`
        case output([Token], Place)
        /// `{% … %}`
        case block([Token], Place)
    }

    enum TokenKind: Equatable {
        case name(String)
        case string(String)
        case integer(Int)
        case sign(String)
        /// The end of the tag.
        case end
    }

    struct Token {
        var kind: TokenKind
        var place: Place
    }

    /// Cuts a template into text and tags, and tags into tokens.
    struct Scanner {
        private let source: [UnicodeScalar]
        private var position = 0
        private var line = 1
        private var column = 1

        static func segments(of source: String) throws(ChatTemplateError) -> [Segment] {
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

        private var place: Place { Place(line: line, column: column) }

        private func scalar(_ offset: Int = 0) -> UnicodeScalar? {
            position + offset < source.count ? source[position + offset] : nil
        }

        private mutating func advance(_ count: Int = 1) {
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
            func isTag(_ next: UnicodeScalar?) -> Bool { next == "{" || next == "%" || next == "#" }
            while position < source.count {
                guard scalar() == "{", let kind = scalar(1), isTag(kind) else {
                    text.append(source[position])
                    advance()
                    continue
                }
                let start = place
                advance(2)
                if scalar() == "-" {
                    while let last = text.last, Whitespace.contains(last) { text.removeLast() }
                    advance()
                } else if scalar() == "+" {
                    advance()
                } else if kind != "{" {
                    let lineStart = text.lastIndex(of: "\n").map { $0 + 1 } ?? (beginsLine ? 0 : nil)
                    if let lineStart, text[lineStart...].allSatisfy(Whitespace.contains) {
                        text.removeSubrange(lineStart...)
                    }
                }
                if !text.isEmpty { segments.append(.text(String(String.UnicodeScalarView(text)))) }
                text = []
                switch kind {
                case "#": try skipComment(from: start)
                case "%": segments.append(.block(try tokens(until: "%", from: start), start))
                default: segments.append(.output(try tokens(until: "}", from: start), start))
                }
                beginsLine = position > 0 && source[position - 1] == "\n"
            }
            if !text.isEmpty { segments.append(.text(String(String.UnicodeScalarView(text)))) }
            return segments
        }

        /// Reads the end of a tag, if it is here, with the white space that it takes.
        private mutating func takesEnd(_ first: UnicodeScalar) -> Bool {
            let sign = scalar() == "-" || scalar() == "+" ? scalar() : nil
            let offset = sign == nil ? 0 : 1
            guard scalar(offset) == first, scalar(offset + 1) == "}", !(first == "}" && sign == "+") else {
                return false
            }
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

        private mutating func tokens(
            until first: UnicodeScalar, from start: Place
        ) throws(ChatTemplateError) -> [Token] {
            var tokens: [Token] = []
            /// Braces that are open, inside of which `}}` is not the end.
            var depth = 0
            while let next = scalar() {
                let place = place
                if depth == 0, takesEnd(first) {
                    tokens.append(Token(kind: .end, place: place))
                    return tokens
                }
                if Whitespace.contains(next) {
                    advance()
                } else if next == "_" || next.properties.isAlphabetic {
                    tokens.append(
                        Token(kind: .name(word { $0 == "_" || $0.properties.isAlphabetic || $0.isDigit }), place: place)
                    )
                } else if next.isDigit {
                    guard let number = Int(word { $0.isDigit || $0 == "_" }.replacing("_", with: "")) else {
                        throw ChatTemplateError(.unsupported("a number of this size"), at: place)
                    }
                    if scalar() == ".", scalar(1)?.isDigit == true {
                        throw ChatTemplateError(.unsupported("a number with a fraction"), at: place)
                    }
                    tokens.append(Token(kind: .integer(number), place: place))
                } else if next == "'" || next == "\"" {
                    tokens.append(Token(kind: .string(try string(quote: next, place)), place: place))
                } else {
                    let sign = try sign(place)
                    if sign == "{" { depth += 1 } else if sign == "}" { depth -= 1 }
                    tokens.append(Token(kind: .sign(sign), place: place))
                }
            }
            throw ChatTemplateError(.syntax(found: "the end of the template", expected: "\(first)}"), at: start)
        }

        private mutating func word(_ isPart: (UnicodeScalar) -> Bool) -> String {
            var word = String.UnicodeScalarView()
            while let next = scalar(), isPart(next) {
                word.append(next)
                advance()
            }
            return String(word)
        }

        private mutating func sign(_ place: Place) throws(ChatTemplateError) -> String {
            let first = source[position]
            if let second = scalar(1) {
                let pair = String(first) + String(second)
                if ["==", "!=", "<=", ">=", "//", "**"].contains(pair) {
                    advance(2)
                    return pair
                }
            }
            guard "+-*/%~<>=()[]{}.,:|".unicodeScalars.contains(first) else {
                throw ChatTemplateError(.syntax(found: "\"\(first)\"", expected: "an expression"), at: place)
            }
            advance()
            return String(first)
        }

        private mutating func string(quote: UnicodeScalar, _ place: Place) throws(ChatTemplateError) -> String {
            advance()
            var result = String.UnicodeScalarView()
            while let next = scalar(), next != quote {
                advance()
                guard next == "\\" else {
                    result.append(next)
                    continue
                }
                guard let escaped = scalar() else { break }
                advance()
                switch escaped {
                case "n": result.append("\n")
                case "t": result.append("\t")
                case "r": result.append("\r")
                case "\\", "'", "\"": result.append(escaped)
                case "x": result.append(try escape(digits: 2, place))
                case "u": result.append(try escape(digits: 4, place))
                case "U": result.append(try escape(digits: 8, place))
                case "a", "b", "f", "v", "N", "\n", "0"..."7":
                    throw ChatTemplateError(.unsupported("the escape \"\\\(escaped)\""), at: place)
                default: result.append(contentsOf: ["\\", escaped])
                }
            }
            guard scalar() == quote else {
                throw ChatTemplateError(.syntax(found: "the end of the template", expected: "\(quote)"), at: place)
            }
            advance()
            return String(result)
        }

        private mutating func escape(digits: Int, _ place: Place) throws(ChatTemplateError) -> UnicodeScalar {
            guard position + digits <= source.count,
                let value = UInt32(
                    String(String.UnicodeScalarView(source[position..<position + digits])), radix: 16),
                let scalar = UnicodeScalar(value)
            else { throw ChatTemplateError(.syntax(found: "an escape", expected: "\(digits) digits"), at: place) }
            advance(digits)
            return scalar
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
}

extension UnicodeScalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
