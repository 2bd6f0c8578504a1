import Files
import Foundation

/// Python's two ways to put values into a string.
extension Renderer {
    /// What stands between the name and the letter of a field.
    private struct Field {
        var fill = UInt8(ascii: " ")
        var alignment: UInt8?
        var sign: UInt8?
        var width = 0
        var precision: Int?
        var hasCommas = false
        var isAlternate = false
    }

    // MARK: - %

    /// `text % values`
    func formatted(_ format: [UInt8], with value: Value) throws(ChatTemplateError) -> [UInt8] {
        try spend(format.count)
        var values: [Value] = [value]
        if case .list(let list) = value, list.isTuple { values = list.items }
        var used = 0
        var result: [UInt8] = []
        var position = 0
        func take() -> UInt8? {
            guard position < format.count else { return nil }
            defer { position += 1 }
            return format[position]
        }
        func nextValue() throws(ChatTemplateError) -> Value {
            guard used < values.count else { throw wrong("a format has more fields than values") }
            used += 1
            return values[used - 1]
        }
        while let byte = take() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            var field = Field()
            var named: Value?
            var letter = take()
            if letter == UInt8(ascii: "(") {
                let start = position
                while position < format.count, format[position] != UInt8(ascii: ")") { position += 1 }
                guard case .map(let map) = value else { throw wrong("a format with names is given no mapping") }
                let name = Array(format[start..<min(position, format.count)])
                guard let found = map[.string(ByteString(name))] else {
                    throw wrong("a format names what is not given")
                }
                named = found
                used = values.count
                _ = take()
                letter = take()
            }
            while let flag = letter, "-+ 0#".utf8.contains(flag) {
                switch flag {
                case UInt8(ascii: "-"): field.alignment = UInt8(ascii: "<")
                case UInt8(ascii: "0"): field.fill = flag
                case UInt8(ascii: "#"): field.isAlternate = true
                default: field.sign = flag
                }
                letter = take()
            }
            while let digit = letter, (0x30...0x39).contains(digit) {
                field.width = min(field.width * 10 + Int(digit - 0x30), Limits.bytes)
                letter = take()
            }
            if letter == UInt8(ascii: ".") {
                field.precision = 0
                letter = take()
                while let digit = letter, (0x30...0x39).contains(digit) {
                    field.precision = min((field.precision ?? 0) * 10 + Int(digit - 0x30), Limits.bytes)
                    letter = take()
                }
            }
            guard let letter else { throw wrong("a format ends inside of a field") }
            if letter == UInt8(ascii: "%") {
                result.append(letter)
                continue
            }
            if field.alignment == nil { field.alignment = UInt8(ascii: ">") }
            let item: Value
            if let named { item = named } else { item = try nextValue() }
            result += try printed(item, letter, field)
        }
        let isMapping =
            switch value {
            case .map, .range, .undefined: true
            case .list(let list): !list.isTuple
            default: false
            }
        guard used == values.count || isMapping else { throw wrong("a format has fewer fields than values") }
        return result
    }

    private func printed(_ value: Value, _ letter: UInt8, _ field: Field) throws(ChatTemplateError) -> [UInt8] {
        var field = field
        if field.alignment == UInt8(ascii: "<") { field.fill = UInt8(ascii: " ") }
        switch letter {
        case UInt8(ascii: "s"), UInt8(ascii: "r"):
            field.fill = UInt8(ascii: " ")
            var text = try self.text(of: value)
            if letter == UInt8(ascii: "r") {
                text = []
                try represent(value, into: &text)
            }
            return try aligned(try cut(text, field.precision), field, isNumber: false)
        case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "o"):
            var number = value
            if case .float(let float) = value, letter == UInt8(ascii: "d") || letter == UInt8(ascii: "i") {
                number = .integer(Int(exactly: float.rounded(.towardZero)) ?? 0)
            }
            return try numeric(number, letter == UInt8(ascii: "i") ? UInt8(ascii: "d") : letter, field)
        case UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "e"), UInt8(ascii: "g"):
            if field.precision == nil { field.precision = 6 }
            return try numeric(value, letter, field)
        default: throw error(.unsupported("the format \"%\(Character(UnicodeScalar(letter)))\""))
        }
    }

    // MARK: - {}

    /// `text.format(values)`
    func formatted(_ format: [UInt8], _ arguments: Arguments) throws(ChatTemplateError) -> [UInt8] {
        try spend(format.count)
        var result: [UInt8] = []
        var position = 0
        var automatic = 0
        let (open, close) = (UInt8(ascii: "{"), UInt8(ascii: "}"))
        while position < format.count {
            let byte = format[position]
            position += 1
            guard byte == open || byte == close else {
                result.append(byte)
                continue
            }
            if position < format.count, format[position] == byte {
                result.append(byte)
                position += 1
                continue
            }
            guard byte == open, let end = format[position...].firstIndex(of: close) else {
                throw wrong("a format has a single brace")
            }
            let field = format[position..<end]
            position = end + 1
            guard !field.contains(open) else { throw error(.unsupported("a format in a format")) }
            let parts = field.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].split(separator: UInt8(ascii: "!"), maxSplits: 1, omittingEmptySubsequences: false)
            var value = try fieldValue(String(decoding: name[0], as: UTF8.self), arguments, &automatic)
            if name.count == 2 {
                var text = try self.text(of: value)
                if name[1].first == UInt8(ascii: "r") {
                    text = []
                    try represent(value, into: &text)
                }
                value = .string(ByteString(text))
            }
            result += try formatted(value, parts.count == 2 ? Array(parts[1]) : [])
        }
        return result
    }

    private func fieldValue(
        _ name: String, _ arguments: Arguments, _ automatic: inout Int
    ) throws(ChatTemplateError) -> Value {
        guard !name.contains("."), !name.contains("[") else {
            throw error(.unsupported("a format with attributes or items"))
        }
        if let number = name.isEmpty ? automatic : Int(name) {
            if name.isEmpty { automatic += 1 }
            guard arguments.positional.indices.contains(number) else {
                throw wrong("a format has more fields than values")
            }
            return arguments.positional[number]
        }
        guard let value = arguments.keywords.first(where: { $0.name == name })?.value else {
            throw wrong("a format names \"\(name)\", which is not given")
        }
        return value
    }

    private func formatted(_ value: Value, _ specification: [UInt8]) throws(ChatTemplateError) -> [UInt8] {
        guard !specification.isEmpty else { return try text(of: value) }
        var field = Field()
        var rest = specification[...]
        let signs = Array("<>^=".utf8)
        if rest.count > 1, signs.contains(rest[rest.startIndex + 1]) {
            field.fill = rest.removeFirst()
            field.alignment = rest.removeFirst()
        } else if let first = rest.first, signs.contains(first) {
            field.alignment = rest.removeFirst()
        }
        if let first = rest.first, "+- ".utf8.contains(first) { field.sign = rest.removeFirst() }
        if rest.first == UInt8(ascii: "#") {
            field.isAlternate = true
            rest.removeFirst()
        }
        if rest.first == UInt8(ascii: "0"), field.alignment == nil {
            field.fill = rest.removeFirst()
            field.alignment = UInt8(ascii: "=")
        }
        while let digit = rest.first, (0x30...0x39).contains(digit) {
            field.width = min(field.width * 10 + Int(digit - 0x30), Limits.bytes)
            rest.removeFirst()
        }
        if rest.first == UInt8(ascii: ",") {
            field.hasCommas = true
            rest.removeFirst()
        }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            field.precision = 0
            while let digit = rest.first, (0x30...0x39).contains(digit) {
                field.precision = min((field.precision ?? 0) * 10 + Int(digit - 0x30), Limits.bytes)
                rest.removeFirst()
            }
        }
        guard rest.count <= 1 else { throw error(.unsupported("this format of a value")) }
        if value.bytes != nil {
            guard rest.first ?? UInt8(ascii: "s") == UInt8(ascii: "s"), field.alignment != UInt8(ascii: "=") else {
                throw wrong("a string is formatted as a number")
            }
            return try aligned(try cut(try text(of: value), field.precision), field, isNumber: false)
        }
        if let letter = rest.first {
            if field.precision == nil, "feg%".utf8.contains(letter) { field.precision = 6 }
            return try numeric(value, letter, field)
        }
        if value.integer != nil { return try numeric(value, UInt8(ascii: "d"), field) }
        throw error(.unsupported("this format of \(value.kindName)"))
    }

    // MARK: - Fields

    private func cut(_ text: [UInt8], _ precision: Int?) throws(ChatTemplateError) -> [UInt8] {
        guard let precision else { return text }
        return Array(try characters(of: text).prefix(precision).joined())
    }

    private func numeric(_ value: Value, _ letter: UInt8, _ field: Field) throws(ChatTemplateError) -> [UInt8] {
        let name = Character(UnicodeScalar(letter))
        var digits: String
        let isNegative: Bool
        switch name {
        case "d", "x", "X", "o", "b":
            guard let number = value.integer else { throw wrong("\(value.kindName) is formatted as a whole number") }
            isNegative = number < 0
            let radix = name == "d" ? 10 : name == "o" ? 8 : name == "b" ? 2 : 16
            digits = String(number.magnitude, radix: radix, uppercase: name == "X")
            if let precision = field.precision, digits.count < min(precision, 1000) {
                digits = String(repeating: "0", count: precision - digits.count) + digits
            }
            if field.isAlternate, name != "d" { digits = "0\(name)" + digits }
        case "f", "F", "e", "g", "%":
            guard let number = value.number else { throw wrong("\(value.kindName) is formatted as a number") }
            guard number.isFinite else { throw error(.unsupported("the format of a number that is not finite")) }
            isNegative = number.sign == .minus
            let precision = min(field.precision ?? 6, 500)
            let magnitude = name == "%" ? number.magnitude * 100 : number.magnitude
            digits = String(format: "%.\(precision)\(name == "%" ? "f" : name)", magnitude) + (name == "%" ? "%" : "")
        default: throw error(.unsupported("the format \"\(name)\""))
        }
        if field.hasCommas {
            let point = digits.firstIndex { !$0.isNumber } ?? digits.endIndex
            var grouped = ""
            for (index, digit) in digits[..<point].enumerated() {
                let left = digits[..<point].count - index
                if index > 0, left % 3 == 0 { grouped += "," }
                grouped.append(digit)
            }
            digits = grouped + digits[point...]
        }
        let sign = isNegative ? "-" : field.sign == UInt8(ascii: "+") ? "+" : field.sign == UInt8(ascii: " ") ? " " : ""
        var field = field
        if field.fill == UInt8(ascii: "0"), field.alignment == UInt8(ascii: ">") { field.alignment = UInt8(ascii: "=") }
        if field.alignment == UInt8(ascii: "=") {
            let missing = max(0, field.width - sign.utf8.count - digits.utf8.count)
            try spend(making: missing)
            return Array(sign.utf8) + Array(repeating: field.fill, count: missing) + digits.utf8
        }
        return try aligned(Array((sign + digits).utf8), field, isNumber: true)
    }

    private func aligned(_ text: [UInt8], _ field: Field, isNumber: Bool) throws(ChatTemplateError) -> [UInt8] {
        let missing = field.width - (try count(of: .string(ByteString(text))) ?? 0)
        try spend(making: text.count + max(missing, 0))
        guard missing > 0 else { return text }
        let left =
            switch field.alignment {
            case UInt8(ascii: "<"): 0
            case UInt8(ascii: "^"): missing / 2
            case nil: isNumber ? missing : 0
            default: missing
            }
        return Array(repeating: field.fill, count: left) + text + Array(repeating: field.fill, count: missing - left)
    }
}
