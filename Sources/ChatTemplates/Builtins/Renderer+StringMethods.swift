import Files

/// Methods of strings.
extension Renderer {
    func call(_ name: String, ofString value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        let bytes = try self.bytes(value)
        func given(_ parameters: [String], _ required: Int = 0) throws(ChatTemplateError) -> [Value?] {
            try bind(arguments, name, parameters, required: required)
        }
        switch name {
        case "strip", "lstrip", "rstrip":
            return try stripped(value, try given(["chars"])[0], start: name != "rstrip", end: name != "lstrip")
        case "split", "rsplit":
            let given = try given(["sep", "maxsplit"])
            return try split(value, given[0] ?? .none, try integer(given[1], -1), fromEnd: name == "rsplit")
        case "splitlines":
            let keepsEnds = try given(["keepends"])[0]?.isTrue ?? false
            var lines: [Value] = []
            for line in try self.lines(of: bytes, keepsEnds: keepsEnds) { lines.append(try string(line, like: value)) }
            return try list(lines)
        case "startswith", "endswith":
            let given = try given(["prefix", "start", "end"], 1)
            return .bool(try hasAffix(bytes, given, isPrefix: name == "startswith"))
        case "replace":
            let given = try given(["old", "new", "count"], 2)
            let (old, new) = (try self.bytes(given[0] ?? .none), try self.bytes(given[1] ?? .none))
            return try string(try replaced(bytes, old, with: new, atMost: try integer(given[2], -1)), like: value)
        case "removeprefix", "removesuffix":
            let affix = try self.bytes(try given(["affix"], 1)[0] ?? .none)
            try spend(reading: bytes.count)
            if name == "removeprefix" {
                return bytes.starts(with: affix) ? try string(Array(bytes.dropFirst(affix.count)), like: value) : value
            }
            guard !affix.isEmpty, bytes.suffix(affix.count).elementsEqual(affix) else { return value }
            return try string(Array(bytes.dropLast(affix.count)), like: value)
        case "join":
            let parts = try items(of: try given(["values"], 1)[0] ?? .none)
            var texts: [[UInt8]] = []
            for part in parts { texts.append(try self.bytes(part)) }
            return try string(try joined(texts, by: bytes), like: value)
        case "find", "index", "rfind", "rindex", "count":
            return try search(name, bytes, try given(["sub", "start", "end"], 1))
        case "format":
            return try string(try formatted(bytes, arguments), like: value)
        case "partition", "rpartition":
            return try partitioned(value, try given(["sep"], 1)[0] ?? .none, fromEnd: name == "rpartition")
        default:
            if arguments.positional.isEmpty, arguments.keywords.isEmpty, let changed = try changedCase(name, value) {
                return changed
            }
            if arguments.positional.isEmpty, let answer = try asked(name, bytes) { return .bool(answer) }
            return try padded(name, value, arguments)
        }
    }

    func joined(_ parts: [[UInt8]], by separator: [UInt8]) throws(ChatTemplateError) -> [UInt8] {
        var text: [UInt8] = []
        for (index, part) in parts.enumerated() {
            try spend(making: part.count + separator.count)
            if index > 0 { text += separator }
            text += part
        }
        return text
    }

    private func hasAffix(_ bytes: [UInt8], _ given: [Value?], isPrefix: Bool) throws(ChatTemplateError) -> Bool {
        var bytes = bytes[...]
        if given[1] != nil || given[2] != nil {
            let characters = try characters(of: Array(bytes))
            let (from, to) = try bounds(given[1], given[2], characters.count)
            guard from <= to else { return false }
            bytes = Array(characters[from..<to].joined())[...]
        }
        var affixes = [given[0] ?? .none]
        if case .list(let list) = affixes[0], list.isTuple { affixes = list.items }
        for affix in affixes {
            let affix = try self.bytes(affix)
            try spend(reading: affix.count)
            if isPrefix ? bytes.starts(with: affix) : bytes.suffix(affix.count).elementsEqual(affix) { return true }
        }
        return false
    }

    private func search(_ name: String, _ bytes: [UInt8], _ given: [Value?]) throws(ChatTemplateError) -> Value {
        let part = try self.bytes(given[0] ?? .none)
        guard given[1] == nil, given[2] == nil else {
            throw error(.unsupported("the method \"\(name)\" with bounds"))
        }
        if name == "count" {
            if part.isEmpty { return .integer((try count(of: .string(ByteString(bytes))) ?? 0) + 1) }
            return .integer(try places(of: part, in: bytes, atMost: .max).count)
        }
        let isReversed = name.hasPrefix("r")
        let place =
            isReversed
            ? try find(part.reversed(), in: bytes.reversed(), from: 0).map { bytes.count - $0 - part.count }
            : try find(part, in: bytes, from: 0)
        guard let place else {
            guard name.hasSuffix("find") else { throw wrong("a string does not hold what it is searched for") }
            return .integer(-1)
        }
        return .integer(bytes[..<place].reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) })
    }

    private func partitioned(_ value: Value, _ separator: Value, fromEnd: Bool) throws(ChatTemplateError) -> Value {
        let (bytes, part) = (try bytes(value), try bytes(separator))
        guard !part.isEmpty else { throw wrong("a string is cut at an empty string") }
        try spend(making: 2 * bytes.count)
        let place =
            fromEnd
            ? try find(part.reversed(), in: bytes.reversed(), from: 0).map { bytes.count - $0 - part.count }
            : try find(part, in: bytes, from: 0)
        guard let place else {
            let empty = Value.text("")
            return try list(fromEnd ? [empty, empty, value] : [value, empty, empty], isTuple: true)
        }
        return try list(
            [
                try string(Array(bytes[..<place]), like: value), separator,
                try string(Array(bytes[(place + part.count)...]), like: value),
            ], isTuple: true)
    }

    private func asked(_ name: String, _ bytes: [UInt8]) throws(ChatTemplateError) -> Bool? {
        let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
        try spend(bytes.count)
        func all(_ holds: (UnicodeScalar) -> Bool) -> Bool { !scalars.isEmpty && scalars.allSatisfy(holds) }
        func isLetter(_ scalar: UnicodeScalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
            default: false
            }
        }
        func isDigit(_ scalar: UnicodeScalar) -> Bool {
            scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
        }
        switch name {
        case "isdigit": return all(isDigit)
        case "isdecimal": return all { $0.properties.numericType == .decimal }
        case "isnumeric": return all { $0.properties.numericType != nil }
        case "isalpha": return all(isLetter)
        case "isalnum": return all { isLetter($0) || $0.properties.numericType != nil }
        case "isascii": return scalars.allSatisfy(\.isASCII)
        case "isspace": return all(Whitespace.contains)
        case "islower": return Letters.isLower(scalars)
        case "isupper": return Letters.isUpper(scalars)
        default: return nil
        }
    }

    private func padded(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        guard ["ljust", "rjust", "center", "zfill"].contains(name) else {
            throw error(.unsupported("the method \"\(name)\" of strings"))
        }
        let given = try bind(arguments, name, name == "zfill" ? ["width"] : ["width", "fillchar"], required: 1)
        let bytes = try self.bytes(value)
        let missing = try integer(given[0], 0) - (try count(of: value) ?? 0)
        guard missing > 0 else { return value }
        let fill = name == "zfill" ? [UInt8(ascii: "0")] : given[1]?.bytes ?? [UInt8(ascii: " ")]
        let left =
            switch name {
            case "ljust": 0
            case "center": missing / 2 + (missing & (try integer(given[0], 0)) & 1)
            default: missing
            }
        try spend(making: min(missing, Limits.bytes) * max(fill.count, 1))
        func filling(_ count: Int) -> [UInt8] { Array(repeatElement(fill, count: count).joined()) }
        if name == "zfill", let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            return try string([sign] + filling(left) + bytes.dropFirst(), like: value)
        }
        return try string(filling(left) + bytes + filling(missing - left), like: value)
    }
}
