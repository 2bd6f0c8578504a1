extension Scanner {
    private static let openers: [UnicodeScalar: UnicodeScalar] = ["(": ")", "[": "]", "{": "}"]

    /// The tokens of a tag, whose beginning is read.
    mutating func tokens(until first: UnicodeScalar, from start: Place) throws(ChatTemplateError) -> [Token] {
        var tokens: [Token] = []
        /// The closing signs that are expected, inside of which the tag does not end.
        var closers: [UnicodeScalar] = []
        while let next = scalar() {
            let place = place
            if closers.isEmpty, takesEnd(first) {
                tokens.append(Token(kind: .end, place: place))
                return tokens
            }
            if Whitespace.contains(next) {
                advance()
            } else if next == "_" || next.properties.isXIDStart {
                let name = word { $0 == "_" || $0.properties.isXIDContinue }
                tokens.append(Token(kind: .name(name), place: place))
            } else if next.isDigit {
                tokens.append(Token(kind: try number(place), place: place))
            } else if next == "'" || next == "\"" {
                tokens.append(Token(kind: .string(try string(quote: next, place)), place: place))
            } else {
                if let closer = Self.openers[next] {
                    closers.append(closer)
                } else if next == ")" || next == "]" || next == "}" {
                    guard closers.popLast() == next else {
                        throw ChatTemplateError(.syntax(found: "\"\(next)\"", expected: "an expression"), at: place)
                    }
                }
                tokens.append(Token(kind: .sign(try sign(place)), place: place))
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
        guard "+-*/%~<>=()[]{}.,:|;".unicodeScalars.contains(first) else {
            throw ChatTemplateError(.syntax(found: "\"\(first)\"", expected: "an expression"), at: place)
        }
        advance()
        return String(first)
    }

    private mutating func number(_ place: Place) throws(ChatTemplateError) -> Token.Kind {
        if scalar() == "0", let letter = scalar(1)?.properties.lowercaseMapping,
            let radix = ["x": 16, "o": 8, "b": 2][letter]
        {
            advance(2)
            let digits = word { $0 == "_" || $0.properties.isASCIIHexDigit }.replacing("_", with: "")
            guard let value = Int(digits, radix: radix) else {
                throw ChatTemplateError(.unsupported("a number of this size or form"), at: place)
            }
            return .integer(value)
        }
        let followsDot = position > 0 && source[position - 1] == "."
        var digits = word { $0.isDigit || $0 == "_" }
        var isFloat = false
        if !followsDot, scalar() == ".", scalar(1)?.isDigit == true {
            isFloat = true
            advance()
            digits += "." + word { $0.isDigit || $0 == "_" }
        }
        if !followsDot, scalar() == "e" || scalar() == "E" {
            let hasSign = scalar(1) == "-" || scalar(1) == "+"
            if scalar(hasSign ? 2 : 1)?.isDigit == true {
                isFloat = true
                digits += "e"
                advance()
                if hasSign {
                    digits += String(source[position])
                    advance()
                }
                digits += word { $0.isDigit || $0 == "_" }
            }
        }
        digits = digits.replacing("_", with: "")
        if isFloat, let value = Double(digits) { return .float(value) }
        guard let value = Int(digits) else {
            throw ChatTemplateError(.unsupported("a number of this size"), at: place)
        }
        return .integer(value)
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
            try escape(escaped, place, into: &result)
        }
        guard scalar() == quote else {
            throw ChatTemplateError(.syntax(found: "the end of the template", expected: "\(quote)"), at: place)
        }
        advance()
        return String(result)
    }

    private static let simpleEscapes: [UnicodeScalar: UnicodeScalar] = [
        "n": "\n", "t": "\t", "r": "\r", "a": "\u{7}", "b": "\u{8}", "f": "\u{c}", "v": "\u{b}", "\\": "\\", "'": "'",
        "\"": "\"",
    ]

    /// Reads what follows a backslash.
    private mutating func escape(
        _ escaped: UnicodeScalar, _ place: Place, into result: inout String.UnicodeScalarView
    ) throws(ChatTemplateError) {
        if let simple = Self.simpleEscapes[escaped] {
            advance()
            result.append(simple)
            return
        }
        switch escaped {
        case "\n": advance()
        case "x", "u", "U":
            advance()
            let count = escaped == "x" ? 2 : escaped == "u" ? 4 : 8
            let digits = String(String.UnicodeScalarView(source[position..<min(position + count, source.count)]))
            guard digits.unicodeScalars.count == count, let value = UInt32(digits, radix: 16), digits.first != "+",
                let scalar = UnicodeScalar(value)
            else { throw ChatTemplateError(.syntax(found: "an escape", expected: "\(count) digits"), at: place) }
            advance(count)
            result.append(scalar)
        case "0"..."7":
            var value: UInt32 = 0
            for _ in 0..<3 {
                guard let next = scalar(), ("0"..."7").contains(next) else { break }
                value = value * 8 + (next.value - 0x30)
                advance()
            }
            result.append(UnicodeScalar(value) ?? "\u{fffd}")
        case "N": throw ChatTemplateError(.unsupported("the escape \"\\N\""), at: place)
        default:
            // Python first writes what is not ASCII as an escape, whose backslash the one before it then takes.
            advance()
            result.append("\\")
            guard escaped.value >= 0x80 else {
                result.append(escaped)
                return
            }
            let digits = String(escaped.value, radix: 16)
            let (letter, count) = escaped.value < 0x100 ? ("x", 2) : escaped.value < 0x10000 ? ("u", 4) : ("U", 8)
            let padding = String(repeating: "0", count: count - digits.count)
            result.append(contentsOf: (letter + padding + digits).unicodeScalars)
        }
    }
}

extension UnicodeScalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
