/// Values as Python writes them.
extension Renderer {
    /// `str()` of a value.
    func text(of value: Value) throws(ChatTemplateError) -> [UInt8] {
        switch value {
        case .string(let text), .markup(let text): return text.bytes
        case .undefined: return []
        default:
            var text: [UInt8] = []
            try represent(value, into: &text)
            return text
        }
    }

    /// `repr()` of a value.
    func represent(_ value: Value, into text: inout [UInt8]) throws(ChatTemplateError) {
        let start = text.count
        switch value {
        case .undefined: text += "Undefined".utf8
        case .none: text += "None".utf8
        case .bool(let value): text += (value ? "True" : "False").utf8
        case .integer(let value): text += String(value).utf8
        case .float(let value): text += Self.text(of: value).utf8
        case .string(let string): try represent(string.bytes, into: &text)
        case .markup(let string):
            text += "Markup(".utf8
            try represent(string.bytes, into: &text)
            text += ")".utf8
        case .range(let range):
            text += "range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))".utf8
        case .list, .map, .view, .namespace:
            return try nested { () throws(ChatTemplateError) in try representCollection(value, into: &text) }
        case .callable(.macro(let number)):
            text += "<Macro \(macros[number].function.name.map { "'\($0.text)'" } ?? "anonymous")>".utf8
        case .iterator, .loop, .callable, .cycler, .joiner:
            // Python writes addresses here.
            throw error(.unsupported("writing out \(value.kindName)"))
        }
        try spend(making: text.count - start)
    }

    private func representCollection(_ value: Value, into text: inout [UInt8]) throws(ChatTemplateError) {
        switch value {
        case .list(let list):
            try represent(
                list.items, list.isTuple ? "(" : "[", list.isTuple ? list.items.count == 1 ? ",)" : ")" : "]",
                into: &text)
        case .map(let map): try represent(map.keys, map.values, into: &text)
        case .view(let view):
            let name = view.part == .keys ? "keys" : view.part == .values ? "values" : "items"
            try represent(try items(of: value), "dict_\(name)([", "])", into: &text)
        case .namespace(let number):
            let namespace = namespaces[number]
            text += "<Namespace ".utf8
            let keys = namespace.names.map { Value.string($0) }
            try represent(keys, namespace.names.map { namespace.values[$0] ?? .none }, into: &text)
            text += ">".utf8
        default: break
        }
    }

    private func represent(
        _ items: [Value], _ start: String, _ end: String, into text: inout [UInt8]
    ) throws(ChatTemplateError) {
        text += start.utf8
        for (index, item) in items.enumerated() {
            if index > 0 { text += ", ".utf8 }
            try represent(item, into: &text)
        }
        text += end.utf8
    }

    private func represent(
        _ keys: [Value], _ values: [Value], into text: inout [UInt8]
    ) throws(ChatTemplateError) {
        text += "{".utf8
        for (index, (key, value)) in zip(keys, values).enumerated() {
            if index > 0 { text += ", ".utf8 }
            try represent(key, into: &text)
            text += ": ".utf8
            try represent(value, into: &text)
        }
        text += "}".utf8
    }

    private func represent(_ string: [UInt8], into text: inout [UInt8]) throws(ChatTemplateError) {
        try spend(string.count)
        let (single, double) = (UInt8(ascii: "'"), UInt8(ascii: "\""))
        let quote = string.contains(single) && !string.contains(double) ? double : single
        text.append(quote)
        for scalar in String(decoding: string, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\n": text += "\\n".utf8
            case "\r": text += "\\r".utf8
            case "\t": text += "\\t".utf8
            case "\\": text += "\\\\".utf8
            case UnicodeScalar(quote): text += [UInt8(ascii: "\\"), quote]
            default:
                guard Self.isPrintable(scalar) else {
                    text += Self.escape(scalar).utf8
                    continue
                }
                text += UTF8.encode(scalar)!
            }
        }
        text.append(quote)
    }

    private static func isPrintable(_ scalar: UnicodeScalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7f }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    /// An escape of two, four or eight hexadecimal digits.
    private static func escape(_ scalar: UnicodeScalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (letter, count) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: count - digits.count) + digits
    }

    /// The shortest digits that mean the number, as Python places the point.
    static func text(of number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        let sign = number.sign == .minus ? "-" : ""
        var digits = ""
        var exponent = 0
        let parts = "\(number.magnitude)".split(separator: "e")
        if parts.count == 2 { exponent = Int(parts[1]) ?? 0 }
        let halves = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        digits = String(halves[0]) + (halves.count == 2 ? halves[1] : "")
        exponent += halves[0].count
        while digits.count > 1, digits.first == "0" {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        if digits == "0" { return sign + "0.0" }
        // The value is 0.DIGITS times ten to the exponent.
        if exponent > 16 || exponent < -3 {
            let power = exponent - 1
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let magnitude = power.magnitude < 10 ? "0\(power.magnitude)" : "\(power.magnitude)"
            return sign + String(digits.prefix(1)) + fraction + "e" + (power < 0 ? "-" : "+") + magnitude
        }
        if exponent <= 0 { return sign + "0." + String(repeating: "0", count: -exponent) + digits }
        if digits.count <= exponent {
            return sign + digits + String(repeating: "0", count: exponent - digits.count) + ".0"
        }
        return sign + digits.prefix(exponent) + "." + digits.dropFirst(exponent)
    }
}
