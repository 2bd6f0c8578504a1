/// A range of UTF-8 text, read by the classes of its characters. Nothing outside of the range is seen.
///
/// The text must be made of whole sequences, as ``UTF8Repair`` leaves it; surrogates may be among them.
struct ClassifiedText {
    let bytes: UnsafePointer<UInt8>
    let classes: UnsafePointer<UInt16>
    var end: Int

    /// The character at `position` and its number of bytes; at the end none of no class.
    @inline(__always)
    func character(at position: Int) -> (scalarClass: ScalarClass, length: Int) {
        guard position < end else { return ([], 0) }
        let (scalar, length) = scalar(at: position)
        return (ScalarClass(rawValue: classes[Int(scalar)]), length)
    }

    @inline(__always)
    func scalar(at position: Int) -> (scalar: UInt32, length: Int) {
        let first = UInt32(bytes[position])
        if first < 0x80 { return (first, 1) }
        let second = UInt32(bytes[position &+ 1] & 0x3f)
        if first < 0xe0 { return ((first & 0x1f) << 6 | second, 2) }
        let third = UInt32(bytes[position &+ 2] & 0x3f)
        if first < 0xf0 { return ((first & 0x0f) << 12 | second << 6 | third, 3) }
        return ((first & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[position &+ 3] & 0x3f), 4)
    }

    /// The byte at `position`; 0xff, which no character begins with, at the end.
    @inline(__always)
    func byte(at position: Int) -> UInt8 { position < end ? bytes[position] : 0xff }

    @inline(__always)
    func isLineBreak(at position: Int) -> Bool {
        let byte = byte(at: position)
        return byte == 0x0a || byte == 0x0d
    }

    /// The end of the run of characters from `start` on that have one of the given classes.
    @inline(__always)
    func run(from start: Int, of wanted: ScalarClass) -> Int {
        var position = start
        while true {
            let (scalarClass, length) = character(at: position)
            guard scalarClass.meets(wanted) else { return position }
            position &+= length
        }
    }

    /// The end of the run of characters from `start` on that have none of the given classes.
    @inline(__always)
    func run(from start: Int, outside unwanted: ScalarClass) -> Int {
        var position = start
        while position < end {
            let (scalarClass, length) = character(at: position)
            guard !scalarClass.meets(unwanted) else { return position }
            position &+= length
        }
        return position
    }

    /// The end of the run of line breaks and slashes from `start` on.
    @inline(__always)
    func lineBreaksAndSlashes(from start: Int) -> Int {
        var position = start
        while isLineBreak(at: position) || byte(at: position) == UInt8(ascii: "/") { position &+= 1 }
        return position
    }

    /// The end of the run of line breaks from `start` on.
    @inline(__always)
    func lineBreaks(from start: Int) -> Int {
        var position = start
        while isLineBreak(at: position) { position &+= 1 }
        return position
    }
}

/// Text whose bytes are not all UTF-8.
enum UTF8Repair {
    /// The text with U+FFFD for each byte that begins no sequence, as stock llama.cpp reads it: a sequence is what its
    /// first byte claims followed by so many continuation bytes, so that too long spellings are shortened, and
    /// surrogates stay.
    static func repaired(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 8)
        var position = 0
        while position < text.count {
            let first = text[position]
            let length = sequenceLength(text, at: position)
            guard length > 0 else {
                result += UnicodeScalar.replacement
                position += 1
                continue
            }
            var scalar = length == 1 ? UInt32(first) : UInt32(first) & (0x7f >> UInt32(length))
            for byte in text[position + 1..<position + length] { scalar = scalar << 6 | UInt32(byte & 0x3f) }
            append(scalar, to: &result)
            position += length
        }
        return result
    }

    /// The length of the sequence at `position`, as stock llama.cpp reads it; 0 if there is none.
    static func sequenceLength(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
        let length =
            switch text[position] {
            case 0..<0x80: 1
            case 0xc0..<0xe0: 2
            case 0xe0..<0xf0: 3
            case 0xf0..<0xf8: 4
            default: 0
            }
        guard length > 1 else { return length }
        guard position + length <= text.count,
            text[position + 1..<position + length].allSatisfy({ $0 & 0xc0 == 0x80 })
        else { return 0 }
        return length
    }

    private static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift & 0x3f | 0x80) }
        switch scalar {
        case 0..<0x80: bytes.append(UInt8(scalar))
        case 0x80..<0x800: bytes += [UInt8(0xc0 | scalar >> 6), tail(0)]
        case 0x800..<0x10000: bytes += [UInt8(0xe0 | scalar >> 12), tail(6), tail(0)]
        case 0x10000..<0x110000: bytes += [UInt8(0xf0 | scalar >> 18), tail(12), tail(6), tail(0)]
        default: bytes += UnicodeScalar.replacement
        }
    }
}

extension UnicodeScalar {
    /// U+FFFD in UTF-8.
    static let replacement: [UInt8] = [0xef, 0xbf, 0xbd]
}
