import Files
import Foundation

extension Renderer {
    /// Filters of texts; nil for another filter.
    func textFilter(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value? {
        func given(_ parameters: [String], _ required: Int = 0) throws(ChatTemplateError) -> [Value?] {
            try bind(arguments, name, parameters, required: required)
        }
        func text() throws(ChatTemplateError) -> Value {
            value.bytes == nil ? .string(ByteString(try self.text(of: value))) : value
        }
        switch name {
        case "trim": return try stripped(try text(), try given(["chars"])[0])
        case "upper", "lower", "capitalize":
            _ = try given([])
            return try changedCase(name, try text())
        case "title":
            _ = try given([])
            var isFirst = true
            return try mapped(try text()) { scalar in
                defer { isFirst = Whitespace.contains(scalar) || "-({[<".unicodeScalars.contains(scalar) }
                return isFirst ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
            }
        case "replace":
            let given = try given(["old", "new", "count"], 2)
            var limit = -1
            if let count = given[2], !isNone(count) { limit = try integer(count, -1) }
            let (old, new) = (try self.text(of: given[0] ?? .none), try self.text(of: given[1] ?? .none))
            return try string(try replaced(try self.text(of: value), old, with: new, atMost: limit))
        case "wordcount":
            _ = try given([])
            let bytes = try self.text(of: value)
            try spend(bytes.count)
            var (count, isInside) = (0, false)
            for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
                let isWord = scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                if isWord, !isInside { count += 1 }
                isInside = isWord
            }
            return .integer(count)
        case "indent": return try indented(value, try given(["width", "first", "blank"]))
        case "center":
            return try call(
                "center", ofString: try text(),
                Arguments(positional: [.integer(try integer(try given(["width"])[0], 80))]))
        case "truncate": return try truncated(value, try given(["length", "killwords", "end", "leeway"]))
        case "format":
            let format = try self.text(of: value)
            guard arguments.keywords.isEmpty else {
                return try string(
                    try formatted(format, with: try map(arguments.keywords.map { (.text($0.name), $0.value) })))
            }
            return try string(try formatted(format, with: try list(arguments.positional, isTuple: true)))
        case "urlencode":
            guard let bytes = value.bytes else { return nil }
            var encoded: [UInt8] = []
            for byte in bytes {
                let isKept =
                    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || "_.-~/".utf8.contains(byte)
                if isKept { encoded.append(byte) } else { encoded += String(format: "%%%02X", byte).utf8 }
            }
            try spend(8 * bytes.count)
            return try string(encoded)
        default: return nil
        }
    }

    private func indented(_ value: Value, _ given: [Value?]) throws(ChatTemplateError) -> Value {
        let indent: [UInt8]
        if let bytes = given[0]?.bytes {
            indent = bytes
        } else {
            let width = max(try integer(given[0], 4), 0)
            try spend(making: width)
            indent = Array(repeating: UInt8(ascii: " "), count: width)
        }
        let indentsBlank = given[2]?.isTrue ?? false
        var lines = try self.lines(of: try bytes(value) + [0x0a], keepsEnds: false)
        for index in lines.indices.dropFirst() where indentsBlank || !lines[index].isEmpty {
            try spend(making: indent.count)
            lines[index] = indent + lines[index]
        }
        if given[1]?.isTrue == true, !lines.isEmpty { lines[0] = indent + lines[0] }
        return try string(try joined(lines, by: [0x0a]), like: value)
    }

    private func truncated(_ value: Value, _ given: [Value?]) throws(ChatTemplateError) -> Value {
        let end = try given[2].map { value throws(ChatTemplateError) in try bytes(value) } ?? Array("...".utf8)
        let length = try integer(given[0], 255)
        var leeway = 5
        if let value = given[3], !isNone(value) { leeway = try integer(value, 5) }
        let endLength = try count(of: .string(ByteString(end))) ?? 0
        guard length >= endLength, leeway >= 0 else { throw wrong("a text is cut to less than the sign of its end") }
        guard let count = try count(of: value) else { throw wrong("\(value.kindName) has no length") }
        guard count > length, count - length > leeway else { return value }
        let characters = try self.characters(of: try bytes(value))
        var kept = characters[..<(length - endLength)]
        if given[1]?.isTrue != true, let space = kept.lastIndex(of: [UInt8(ascii: " ")]) { kept = kept[..<space] }
        return try string(Array(kept.joined()) + end, like: value)
    }

    /// Filters of numbers; nil for another filter.
    func numberFilter(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value? {
        switch name {
        case "abs":
            _ = try bind(arguments, name, [], required: 0)
            if case .float(let number) = value { return .float(number.magnitude) }
            guard let number = value.integer else { throw wrong("\(value.kindName) has no size") }
            guard number != .min else { throw error(.limit(.integerSize)) }
            return .integer(abs(number))
        case "int":
            let given = try bind(arguments, name, ["default", "base"], required: 0)
            if value.isUndefined { throw wrong("\(value.kindName) is turned into a number") }
            return try wholeNumber(value, base: try integer(given[1], 10)) ?? given[0] ?? .integer(0)
        case "float":
            let given = try bind(arguments, name, ["default"], required: 0)
            if value.isUndefined { throw wrong("\(value.kindName) is turned into a number") }
            let parsed = try value.bytes.map { bytes throws(ChatTemplateError) in try number(bytes) } ?? value.number
            return parsed.map { .float($0) } ?? given[0] ?? .float(0)
        case "round":
            let given = try bind(arguments, name, ["precision", "method"], required: 0)
            return try rounded(value, try integer(given[0], 0), given[1] ?? .text("common"))
        default: return nil
        }
    }

    private func wholeNumber(_ value: Value, base: Int) throws(ChatTemplateError) -> Value? {
        if let number = value.integer { return .integer(number) }
        var parsed = value.number
        if let bytes = value.bytes {
            try spend(bytes.count)
            var text = trimmed(bytes)
            let prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : nil
            if let prefix, text.lowercased().hasPrefix(prefix) { text.removeFirst(2) }
            guard (2...36).contains(base) else { throw error(.unsupported("a number of base \(base)")) }
            if isNumeral(text), let number = Int(text.replacing("_", with: ""), radix: base) { return .integer(number) }
            parsed = try number(bytes)
        }
        guard let parsed, parsed.isFinite else { return nil }
        guard let number = Int(exactly: parsed.rounded(.towardZero)) else { throw error(.limit(.integerSize)) }
        return .integer(number)
    }

    private func trimmed(_ bytes: [UInt8]) -> String {
        var scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while let first = scalars.first, Whitespace.contains(first) { scalars.removeFirst() }
        while let last = scalars.last, Whitespace.contains(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// Whether underscores stand only between digits.
    private func isNumeral(_ text: String) -> Bool {
        !text.hasPrefix("_") && !text.hasSuffix("_") && !text.contains("__") && !text.isEmpty
    }

    /// A text as a number; nil if it is none.
    func number(_ bytes: [UInt8]) throws(ChatTemplateError) -> Double? {
        try spend(bytes.count)
        let text = trimmed(bytes).lowercased()
        let digits = text.drop { $0 == "+" || $0 == "-" }
        if ["inf", "infinity", "nan"].contains(String(digits)) { return Double(text) }
        guard isNumeral(text), digits.allSatisfy({ "0123456789.e+-_".contains($0) }) else { return nil }
        let plain = text.replacing("_", with: "")
        if let number = Double(plain) { return number }
        // Python reads "1." and ".5".
        if plain.hasSuffix(".") { return Double(plain + "0") }
        return Double(plain.replacing(".e", with: ".0e"))
    }

    private func rounded(_ value: Value, _ precision: Int, _ method: Value) throws(ChatTemplateError) -> Value {
        guard let number = value.number else { throw wrong("\(value.kindName) is rounded") }
        let factor = pow(10, Double(precision))
        switch method.bytes.map({ String(decoding: $0, as: UTF8.self) }) {
        case "common":
            if let integer = value.integer {
                guard precision < 0 else { return .integer(integer) }
                let unit = factor > 0 ? 1 / factor : 0
                return .integer(unit.isFinite && unit > 0 ? Int((number / unit).rounded(.toNearestOrEven) * unit) : 0)
            }
            guard precision >= 0, precision <= 300 else {
                let unit = pow(10, Double(-precision))
                return .float(unit.isFinite ? (number / unit).rounded(.toNearestOrEven) * unit : 0)
            }
            return .float(Double(String(format: "%.\(precision)f", number)) ?? number)
        case "ceil": return .float((number * factor).rounded(.up) / factor)
        case "floor": return .float((number * factor).rounded(.down) / factor)
        default: throw wrong("a number is rounded in a way that is not known")
        }
    }
}
