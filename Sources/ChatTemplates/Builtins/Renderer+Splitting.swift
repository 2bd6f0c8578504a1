/// Cutting strings, and their letters' case.
extension Renderer {
    func split(
        _ value: Value, _ separator: Value, _ limit: Int, fromEnd: Bool
    ) throws(ChatTemplateError) -> Value {
        let bytes = try self.bytes(value)
        let limit = limit < 0 ? Int.max : limit
        var parts: [Value] = []
        func add(_ part: ArraySlice<UInt8>) throws(ChatTemplateError) {
            try spend(items: 1)
            parts.append(try string(Array(part), like: value))
        }
        if isNone(separator) {
            for word in try words(of: bytes, limit, fromEnd: fromEnd) { try add(bytes[word]) }
            return try list(parts)
        }
        let part = try self.bytes(separator)
        guard !part.isEmpty else { throw wrong("a string is cut at an empty string") }
        var places: [Int]
        if fromEnd {
            try spend(making: bytes.count)
            places = try self.places(of: part.reversed(), in: bytes.reversed(), atMost: limit)
                .map { bytes.count - $0 - part.count }.reversed()
        } else {
            places = try self.places(of: part, in: bytes, atMost: limit)
        }
        var start = 0
        for place in places {
            try add(bytes[start..<place])
            start = place + part.count
        }
        try add(bytes[start...])
        return try list(parts)
    }

    /// What white space separates; the last one, or the first one, is the rest if there are more than the limit.
    private func words(
        of bytes: [UInt8], _ limit: Int, fromEnd: Bool
    ) throws(ChatTemplateError) -> [Range<Int>] {
        try spend(bytes.count)
        var words: [Range<Int>] = []
        var start: Int?
        var offset = 0
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if Whitespace.contains(scalar) {
                if let begin = start { words.append(begin..<offset) }
                start = nil
            } else if start == nil {
                start = offset
            }
            offset += UTF8.width(scalar)
        }
        if let begin = start { words.append(begin..<offset) }
        try spend(making: 16 * words.count)
        guard words.count > limit else { return words }
        if fromEnd {
            let rest = words.count - limit
            return [0..<words[rest - 1].upperBound] + words[rest...]
        }
        return words[..<limit] + [words[limit].lowerBound..<bytes.count]
    }

    /// Lines, cut wherever Python cuts them.
    func lines(of bytes: [UInt8], keepsEnds: Bool) throws(ChatTemplateError) -> [[UInt8]] {
        try spend(bytes.count)
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        var hasLine = false
        var follows: UnicodeScalar?
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar == "\n", follows == "\r" {
                if keepsEnds { lines[lines.count - 1].append(0x0a) }
                follows = nil
                continue
            }
            follows = scalar
            switch scalar.value {
            case 0x0a...0x0d, 0x1c...0x1e, 0x85, 0x2028, 0x2029:
                if keepsEnds { line += UTF8.encode(scalar)! }
                try spend(making: 48)
                lines.append(line)
                (line, hasLine) = ([], false)
            default:
                line += UTF8.encode(scalar)!
                hasLine = true
            }
        }
        if hasLine { lines.append(line) }
        return lines
    }

    /// The text with its letters' case changed; nil for another method.
    func changedCase(_ name: String, _ value: Value) throws(ChatTemplateError) -> Value? {
        switch name {
        case "upper": return try mapped(value) { $0.properties.uppercaseMapping }
        case "lower": return try mapped(value) { $0.properties.lowercaseMapping }
        case "swapcase":
            return try mapped(value) {
                $0.properties.isUppercase ? $0.properties.lowercaseMapping : $0.properties.uppercaseMapping
            }
        case "capitalize":
            var isFirst = true
            return try mapped(value) { scalar in
                defer { isFirst = false }
                return isFirst ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
            }
        case "title":
            var followsLetter = false
            return try mapped(value) { scalar in
                defer { followsLetter = scalar.properties.isCased }
                return followsLetter ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            }
        default: return nil
        }
    }
}

/// The case of letters, as Python sees it.
enum Letters {
    static func isLower(_ scalars: String.UnicodeScalarView) -> Bool {
        scalars.contains { $0.properties.isLowercase }
            && !scalars.contains { $0.properties.isUppercase || $0.properties.generalCategory == .titlecaseLetter }
    }

    static func isUpper(_ scalars: String.UnicodeScalarView) -> Bool {
        scalars.contains { $0.properties.isUppercase }
            && !scalars.contains { $0.properties.isLowercase || $0.properties.generalCategory == .titlecaseLetter }
    }
}
