import Files

/// One step through bytes that should be UTF-8 (RFC 3629).
enum UTF8Sequence {
    /// A character of so many bytes.
    case character(length: Int, scalar: UInt32)
    /// The bytes end inside of what may become a character.
    case incomplete
    case invalid

    @inline(__always)
    init(_ bytes: UnsafePointer<UInt8>, count: Int) {
        let first = UInt32(bytes[0])
        if first < 0x80 {
            self = .character(length: 1, scalar: first)
            return
        }
        let length: Int
        let least: UInt32
        var scalar: UInt32
        switch first {
        case 0xc2...0xdf: (length, least, scalar) = (2, 0x80, first & 0x1f)
        case 0xe0...0xef: (length, least, scalar) = (3, 0x800, first & 0x0f)
        case 0xf0...0xf4: (length, least, scalar) = (4, 0x10000, first & 0x07)
        default:
            self = .invalid
            return
        }
        let available = Swift.min(length, count)
        for index in 1..<Swift.max(available, 1) {
            let byte = UInt32(bytes[index])
            guard byte & 0xc0 == 0x80 else {
                self = .invalid
                return
            }
            scalar = scalar << 6 | byte & 0x3f
            // The second byte decides whether the whole is too long a spelling, a surrogate or past the last plane.
            if index == 1 {
                let shift = UInt32(6 * (length - 2))
                let low = scalar << shift
                let high = low | (1 << shift) &- 1
                guard high >= least, low <= 0x10ffff, length != 3 || high < 0xd800 || low > 0xdfff else {
                    self = .invalid
                    return
                }
            }
        }
        self = available < length ? .incomplete : .character(length: length, scalar: scalar)
    }

    /// The number of bytes that a character claims that begins with `first`, which need not begin one.
    @inline(__always)
    static func claimedLength(_ first: UInt8) -> Int { first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4 }

    /// Whether all of `bytes` is valid UTF-8.
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var position = 0
        while position < bytes.count {
            guard
                case .character(let length, _) = UTF8Sequence(
                    bytes.baseAddress! + position, count: bytes.count - position)
            else { return false }
            position += length
        }
        return true
    }

    /// The characters of valid UTF-8 text, as ranges of bytes and scalars.
    static func characters(of bytes: [UInt8]) -> [(range: Range<Int>, scalar: UInt32)] {
        bytes.withUnsafeBufferPointer { buffer in
            var result: [(range: Range<Int>, scalar: UInt32)] = []
            var position = 0
            while position < buffer.count,
                case .character(let length, let scalar) = UTF8Sequence(
                    buffer.baseAddress! + position, count: buffer.count - position)
            {
                result.append((position..<position + length, scalar))
                position += length
            }
            return result
        }
    }
}

/// The mark that stands for a space inside of pieces: U+2581.
enum SpaceMark {
    static let scalar: UInt32 = 0x2581
    static let bytes: [UInt8] = [0xe2, 0x96, 0x81]
    static let piece = ByteString(bytes)

    /// `bytes` with every mark turned into a space.
    static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0xe2) else { return bytes }
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bytes[position...].starts(with: Self.bytes) {
                result.append(0x20)
                position += 3
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return result
    }

    /// Whether a mark is at `position`.
    @inline(__always)
    static func isMark(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
        position &+ 2 < text.count && text[position] == 0xe2 && text[position &+ 1] == 0x96
            && text[position &+ 2] == 0x81
    }

    /// Whether text begins with a space or a mark.
    static func begins(_ text: UnsafeBufferPointer<UInt8>) -> Bool { text.first == 0x20 || text.starts(with: bytes) }

    /// `bytes` with every space turned into a mark.
    static func escaped(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.reduce(into: []) { result, byte in
            if byte == 0x20 { result.append(contentsOf: Self.bytes) } else { result.append(byte) }
        }
    }
}
