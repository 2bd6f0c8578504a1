import Numerics

/// Changes of a JSON text that mostly leave it one: other values, members that are there twice, that are missing or nested.
enum JSONChange {
    static func apply(to text: inout [UInt8], _ random: inout SeededRandom) {
        let values = valueRanges(of: text)
        guard let place = values.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: text.replaceSubrange(place, with: odd.randomElement(using: &random)!.utf8)
        case 2, 3: text.replaceSubrange(place, with: Array(text[values.randomElement(using: &random)!]))
        case 4:
            // A second member or element like it.
            let copy = Array(text[place])
            text.insert(contentsOf: [UInt8(ascii: ",")] + copy, at: place.upperBound)
        default:
            let depth = 1 << Int.random(in: 0...8, using: &random)
            let open = [UInt8](repeating: UInt8(ascii: "["), count: depth)
            let close = [UInt8](repeating: UInt8(ascii: "]"), count: depth)
            text.replaceSubrange(place, with: open + text[place] + close)
        }
    }

    private static let odd = [
        "0", "-1", "1", "2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807",
        "-9223372036854775808", "9223372036854775808", "1e308", "1e-320", "-0.0", "0.5", "1e999", "true", "false",
        "null",
        "\"\"", "[]", "{}", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"../a\"", "\"a\\nb\"", "[null]", "{\"\":{}}",
        "\"1\"",
        "16777216", "65536", "512", "513",
    ]

    /// Where strings, numbers, words, arrays and objects are, as far as brackets go together.
    private static func valueRanges(of text: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var open: [Int] = []
        var place = 0
        while place < text.count {
            let start = place
            place += 1
            switch text[start] {
            case UInt8(ascii: "\""):
                while place < text.count, text[place] != UInt8(ascii: "\"") {
                    place += text[place] == UInt8(ascii: "\\") ? 2 : 1
                }
                place = min(text.count, place + 1)
                ranges.append(start..<place)
            case UInt8(ascii: "["), UInt8(ascii: "{"): open.append(start)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): if let first = open.popLast() { ranges.append(first..<place) }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"):
                while place < text.count, isWordByte(text[place]) { place += 1 }
                ranges.append(start..<place)
            default: break
            }
        }
        return ranges
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
