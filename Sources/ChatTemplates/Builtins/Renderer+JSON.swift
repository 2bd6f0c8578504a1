/// The filter `tojson` of HuggingFace transformers, which is `json.dumps`.
extension Renderer {
    struct JSONForm {
        var isASCII = false
        /// What a level is indented by; nil for one line.
        var indent: [UInt8]?
        var itemSeparator = Array(", ".utf8)
        var keySeparator = Array(": ".utf8)
        var sortsKeys = false
    }

    func json(_ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        let given = try bind(
            arguments, "tojson", ["ensure_ascii", "indent", "separators", "sort_keys"], required: 0)
        var form = JSONForm()
        form.isASCII = given[0]?.isTrue ?? false
        form.sortsKeys = given[3]?.isTrue ?? false
        if let indent = given[1] {
            if let count = indent.integer {
                try spend(making: max(count, 0))
                form.indent = Array(repeating: UInt8(ascii: " "), count: max(count, 0))
            } else if let bytes = indent.bytes {
                form.indent = bytes
            } else if case .none = indent {
            } else {
                throw wrong("\(indent.kindName) is given as the indent of JSON")
            }
        }
        if form.indent != nil { form.itemSeparator = [UInt8(ascii: ",")] }
        if let separators = given[2] {
            if case .none = separators {
            } else {
                let parts = try items(of: separators)
                guard parts.count == 2, let item = parts[0].bytes, let key = parts[1].bytes else {
                    throw wrong("the separators of JSON are not two strings")
                }
                (form.itemSeparator, form.keySeparator) = (item, key)
            }
        }
        var text: [UInt8] = []
        try write(value, form, level: 0, into: &text)
        return try string(text)
    }

    private func write(
        _ value: Value, _ form: JSONForm, level: Int, into text: inout [UInt8]
    ) throws(ChatTemplateError) {
        let start = text.count
        switch value {
        case .none: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += String(value).utf8
        case .float(let value): text += Self.jsonText(of: value).utf8
        case .string(let string), .markup(let string): try write(string.bytes, isASCII: form.isASCII, into: &text)
        case .list, .map:
            return try nested { () throws(ChatTemplateError) in
                try writeCollection(value, form, level: level, into: &text)
            }
        default: throw wrong("\(value.kindName) cannot be written as JSON")
        }
        try spend(making: text.count - start)
    }

    private func writeCollection(
        _ value: Value, _ form: JSONForm, level: Int, into text: inout [UInt8]
    ) throws(ChatTemplateError) {
        func newLine(_ level: Int) throws(ChatTemplateError) {
            guard let indent = form.indent else { return }
            try spend(making: indent.count * level)
            text.append(UInt8(ascii: "\n"))
            for _ in 0..<level { text += indent }
        }
        if case .list(let list) = value {
            text.append(UInt8(ascii: "["))
            for (index, item) in list.items.enumerated() {
                if index > 0 { text += form.itemSeparator }
                try newLine(level + 1)
                try write(item, form, level: level + 1, into: &text)
            }
            if !list.items.isEmpty { try newLine(level) }
            text.append(UInt8(ascii: "]"))
        } else if case .map(let map) = value {
            let order =
                form.sortsKeys ? try sorted(map.keys.indices.map { .integer($0) }, by: map.keys, reversed: false) : nil
            text.append(UInt8(ascii: "{"))
            for number in map.keys.indices {
                let index = order?[number].integer ?? number
                if number > 0 { text += form.itemSeparator }
                try newLine(level + 1)
                try write(try name(map.keys[index]), isASCII: form.isASCII, into: &text)
                text += form.keySeparator
                try spend(making: form.keySeparator.count + form.itemSeparator.count)
                try write(map.values[index], form, level: level + 1, into: &text)
            }
            if !map.keys.isEmpty { try newLine(level) }
            text.append(UInt8(ascii: "}"))
        }
    }

    private func name(_ key: Value) throws(ChatTemplateError) -> [UInt8] {
        switch key {
        case .string(let text), .markup(let text):
            try spend(making: text.count)
            return text.bytes
        case .none: return Array("null".utf8)
        case .bool(let value): return Array((value ? "true" : "false").utf8)
        case .integer(let value): return Array(String(value).utf8)
        case .float(let value): return Array(Self.jsonText(of: value).utf8)
        default: throw wrong("\(key.kindName) cannot be a key in JSON")
        }
    }

    private static func jsonText(of number: Double) -> String {
        number.isNaN ? "NaN" : number.isInfinite ? number < 0 ? "-Infinity" : "Infinity" : text(of: number)
    }

    private func write(_ string: [UInt8], isASCII: Bool, into text: inout [UInt8]) throws(ChatTemplateError) {
        func escape(_ unit: UInt16) {
            let digits = String(unit, radix: 16)
            text += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
        }
        try spend(making: string.count)
        let start = text.count
        text.append(UInt8(ascii: "\""))
        for byte in string {
            switch byte {
            case UInt8(ascii: "\""): text += "\\\"".utf8
            case UInt8(ascii: "\\"): text += "\\\\".utf8
            case 0x0a: text += "\\n".utf8
            case 0x0d: text += "\\r".utf8
            case 0x09: text += "\\t".utf8
            case 0x08: text += "\\b".utf8
            case 0x0c: text += "\\f".utf8
            case 0..<0x20: escape(UInt16(byte))
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
        guard isASCII, string.contains(where: { $0 >= 0x80 }) else { return }
        try spend(6 * string.count)
        let escaped = String(decoding: text[start...], as: UTF8.self)
        text.removeSubrange(start...)
        for scalar in escaped.unicodeScalars {
            if scalar.isASCII { text.append(UInt8(scalar.value)) } else { UTF16.encode(scalar)!.forEach(escape) }
        }
    }
}
