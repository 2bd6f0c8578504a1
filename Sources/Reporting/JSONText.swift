/// JSON that is safe to show on a terminal.
package enum JSONText {
    /// The same JSON value with `\u` escapes for the characters that ``DisplayText`` escapes; those of the C0 set, which
    /// JSON has outside of strings too, stay as they are.
    ///
    /// - Parameter json: JSON in UTF-8, whose strings hold all characters beyond U+007E that it has.
    package static func escaping(_ json: [UInt8]) -> [UInt8] {
        guard json.contains(where: { $0 >= 0x7F }) else { return json }
        var result = ""
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            guard scalar.isShownEscaped, scalar.value >= 0x7F else {
                result.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return Array(result.utf8)
    }
}
