import Foundation

extension Renderer {
    /// Filters for pages and people; nil for another filter.
    func markupFilter(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value? {
        func given(_ parameters: [String], _ required: Int = 0) throws(ChatTemplateError) -> [Value?] {
            try bind(arguments, name, parameters, required: required)
        }
        switch name {
        case "xmlattr": return try attributes(value, isSpaced: try isTrue(try given(["autospace"])[0] ?? .bool(true)))
        case "striptags":
            _ = try given([])
            return try withoutTags(try text(of: value))
        case "filesizeformat": return try fileSize(value, isBinary: try isTrue(try given(["binary"])[0] ?? .none))
        case "wordwrap":
            return try wrapped(value, try given(["width", "break_long_words", "wrapstring", "break_on_hyphens"]))
        case "pprint":
            _ = try given([])
            return try prettyPrinted(value)
        default: return nil
        }
    }

    /// The members of a mapping as attributes of XML, without those that are none or undefined.
    private func attributes(_ value: Value, isSpaced: Bool) throws(ChatTemplateError) -> Value {
        guard case .map(let map) = value else { throw wrong("\(value.kindName) has no members") }
        var texts: [[UInt8]] = []
        for (key, member) in zip(map.keys, map.values) where !member.isUndefined && !isNone(member) {
            guard !(try bytes(key)).contains(where: { " \t\n\r\u{c}\u{b}/>=".utf8.contains($0) }) else {
                throw wrong("the name of an attribute has a character that it may not have")
            }
            texts.append(try markup(key) + Array("=\"".utf8) + (try markup(member)) + Array("\"".utf8))
        }
        let text = try joined(texts, by: [0x20])
        return try string(isSpaced && !text.isEmpty ? [0x20] + text : text)
    }

    private func markup(_ value: Value) throws(ChatTemplateError) -> [UInt8] {
        if case .markup(let text) = value { return text.bytes }
        let text = try self.text(of: value)
        try spend(making: 5 * text.count)
        return escaped(text)
    }

    /// A text without tags and comments, its words with one space between them.
    private func withoutTags(_ text: [UInt8]) throws(ChatTemplateError) -> Value {
        // The names of characters are not known here.
        guard !text.contains(UInt8(ascii: "&")) else { throw unsupported(filter: "striptags") }
        try spend(making: text.count)
        var kept: [UInt8] = []
        var position = 0
        while let start = try find([UInt8(ascii: "<")], in: text, from: position) {
            let isComment = text[start...].starts(with: Array("<!--".utf8))
            let mark = Array((isComment ? "-->" : ">").utf8)
            guard let end = try find(mark, in: text, from: isComment ? start + 4 : start) else { break }
            kept += text[position..<start]
            position = end + mark.count
        }
        kept += text[position...]
        let words = String(decoding: kept, as: UTF8.self).unicodeScalars.split(whereSeparator: Whitespace.contains)
        return try string(Array(words.map(String.init).joined(separator: " ").utf8))
    }

    private func fileSize(_ value: Value, isBinary: Bool) throws(ChatTemplateError) -> Value {
        let parsed = try value.bytes.map { bytes throws(ChatTemplateError) in try number(bytes) } ?? value.number
        guard let size = parsed else { throw wrong("\(value.kindName) is no size") }
        if size == 1 { return .text("1 Byte") }
        let base: Double = isBinary ? 1024 : 1000
        if size < base {
            guard let whole = Int(exactly: size.rounded(.towardZero)) else { throw error(.limit(.integerSize)) }
            return .text("\(whole) Bytes")
        }
        let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"]
        for (index, prefix) in prefixes.enumerated() {
            let unit = isBinary ? pow(2, Double(10 * (index + 2))) : Double("1e\(3 * (index + 2))") ?? 0
            guard size < unit || index == prefixes.count - 1 else { continue }
            let quantity = base * size / unit
            let number = quantity.isFinite ? String(format: "%.1f", quantity) : Self.text(of: quantity)
            return .text("\(number) \(isBinary ? prefix.uppercased() + "iB" : prefix + "B")")
        }
        return .none
    }

    /// Values as Python's `pprint` writes them if they fit a line; longer ones are refused.
    private func prettyPrinted(_ value: Value) throws(ChatTemplateError) -> Value {
        var text: [UInt8] = []
        try represent(try withSortedKeys(value), into: &text)
        guard text.count <= 80 else { throw unsupported(filter: "pprint") }
        return try string(text)
    }

    private func withSortedKeys(_ value: Value) throws(ChatTemplateError) -> Value {
        switch value {
        case .list(let list):
            return try nested { () throws(ChatTemplateError) in
                var items: [Value] = []
                for item in list.items { items.append(try withSortedKeys(item)) }
                return try self.list(items, isTuple: list.isTuple)
            }
        case .map(let map):
            guard map.keys.count < 2 || map.keys.allSatisfy({ $0.bytes != nil }) else {
                throw unsupported(filter: "pprint")
            }
            return try nested { () throws(ChatTemplateError) in
                var members: [(key: Value, value: Value)] = []
                for index in try sorted(map.keys.indices.map { .integer($0) }, by: map.keys, reversed: false) {
                    guard let index = index.integer else { continue }
                    members.append((map.keys[index], try withSortedKeys(map.values[index])))
                }
                return try self.map(members)
            }
        case .view, .namespace: throw unsupported(filter: "pprint")
        default: return value
        }
    }
}
