import Files

extension JSON {
    /// Parses one JSON text (RFC 8259), with or without a byte order mark; arrays and objects may be nested 128 deep.
    ///
    /// - Throws: ``JSONError`` if it is none, or an object has a key twice.
    public init(parsing text: [UInt8]) throws(JSONError) {
        var parser = JSONParser(text: text)
        self = try parser.parseDocument()
    }

    /// Parses the file at `path`.
    ///
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - limit: what the file is, which says how large it may be.
    /// - Throws: ``JSONError`` that names the file if it holds no JSON, `FileError` if it is too large or cannot be read.
    public init(contentsOf path: String, limit: InputLimit) throws {
        let text = try ReadableFile.contents(of: path, limit: limit)
        do throws(JSONError) {
            try self.init(parsing: text)
        } catch {
            throw JSONError(kind: error.kind, offset: error.offset, file: path)
        }
    }
}

/// A recursive-descent parser over bytes.
struct JSONParser {
    private static let depthLimit = 128

    let text: [UInt8]
    private var position = 0
    private var depth = 0

    init(text: [UInt8]) { self.text = text }

    mutating func parseDocument() throws(JSONError) -> JSON {
        if text.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
        let value = try parseValue()
        skipSpace()
        if position < text.count { throw unexpected("the end of the text") }
        return value
    }

    private mutating func parseValue() throws(JSONError) -> JSON {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONError) in .object(try parser.parseObject()) }
        case UInt8(ascii: "["): return try nested { parser throws(JSONError) in .array(try parser.parseArray()) }
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw unexpected("a value")
        }
    }

    private mutating func nested(
        _ parse: (inout JSONParser) throws(JSONError) -> JSON
    ) throws(JSONError) -> JSON {
        guard depth < Self.depthLimit else { throw error(.tooDeep(limit: Self.depthLimit)) }
        depth += 1
        defer { depth -= 1 }
        position += 1
        return try parse(&self)
    }

    private mutating func parseObject() throws(JSONError) -> JSONObject {
        var object = JSONObject()
        skipSpace()
        if try take(UInt8(ascii: "}")) { return object }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw unexpected("a key") }
            let start = position
            let key = try parseString()
            skipSpace()
            guard try take(UInt8(ascii: ":")) else { throw unexpected("':'") }
            let value = try parseValue()
            guard object.append(key: key, value: value) else {
                throw JSONError(kind: .duplicateKey(key), offset: start)
            }
            skipSpace()
            if try take(UInt8(ascii: "}")) { return object }
            guard try take(UInt8(ascii: ",")) else { throw unexpected("',' or '}'") }
        }
    }

    private mutating func parseArray() throws(JSONError) -> [JSON] {
        var array: [JSON] = []
        skipSpace()
        if try take(UInt8(ascii: "]")) { return array }
        while true {
            array.append(try parseValue())
            skipSpace()
            if try take(UInt8(ascii: "]")) { return array }
            guard try take(UInt8(ascii: ",")) else { throw unexpected("',' or ']'") }
        }
    }

    private mutating func parseString() throws(JSONError) -> ByteString {
        let start = position
        position += 1
        var bytes: [UInt8] = []
        var runStart = position
        var isASCII = true
        while true {
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "\""):
                bytes.append(contentsOf: text[runStart..<position])
                position += 1
                if !isASCII, String(validating: bytes, as: UTF8.self) == nil {
                    throw JSONError(kind: .invalidUTF8, offset: start)
                }
                return ByteString(bytes)
            case UInt8(ascii: "\\"):
                bytes.append(contentsOf: text[runStart..<position])
                try parseEscape(into: &bytes, isASCII: &isASCII)
                runStart = position
            case 0..<0x20:
                throw unexpected("a string without control characters")
            default:
                if byte >= 0x80 { isASCII = false }
                position += 1
            }
        }
    }

    private mutating func parseEscape(into bytes: inout [UInt8], isASCII: inout Bool) throws(JSONError) {
        position += 1
        let escape = try peek()
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escape)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0c)
        case UInt8(ascii: "n"): bytes.append(0x0a)
        case UInt8(ascii: "r"): bytes.append(0x0d)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try parseHex()
            if scalar & 0xfc00 == 0xd800 {
                guard position + 1 < text.count, text[position] == UInt8(ascii: "\\"),
                    text[position + 1] == UInt8(ascii: "u")
                else { throw error(.invalidEscape) }
                position += 2
                let low = try parseHex()
                guard low & 0xfc00 == 0xdc00 else { throw error(.invalidEscape) }
                scalar = 0x10000 + (scalar & 0x3ff) << 10 + low & 0x3ff
            }
            guard let unicode = UnicodeScalar(scalar) else { throw error(.invalidEscape) }
            bytes.append(contentsOf: UTF8.encode(unicode)!)
            if scalar >= 0x80 { isASCII = false }
        default: throw error(.invalidEscape)
        }
    }

    private mutating func parseHex() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(UnicodeScalar(try peek())).hexDigitValue else { throw error(.invalidEscape) }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func parseNumber() throws(JSONError) -> JSON {
        let start = position
        var isInteger = true
        if text[position] == UInt8(ascii: "-") { position += 1 }
        let leading = try takeDigits()
        if leading > 1, text[position - leading] == UInt8(ascii: "0") {
            throw JSONError(kind: .invalidNumber, offset: start)
        }
        if position < text.count, text[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            _ = try takeDigits()
        }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if position < text.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(text[position]) { position += 1 }
            _ = try takeDigits()
        }
        let digits = String(decoding: text[start..<position], as: UTF8.self)
        if isInteger, let value = Int(digits) { return .integer(value) }
        guard let value = Double(digits) else { throw JSONError(kind: .invalidNumber, offset: start) }
        return .number(value)
    }

    private mutating func takeDigits() throws(JSONError) -> Int {
        let start = position
        while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) { position += 1 }
        guard position > start else { throw error(.invalidNumber) }
        return position - start
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let end = position + word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { end <= text.count && text[position..<end].elementsEqual($0) }
        guard matches else { throw unexpected("'\(word)'") }
        position = end
        return value
    }

    private mutating func take(_ byte: UInt8) throws(JSONError) -> Bool {
        guard try peek() == byte else { return false }
        position += 1
        return true
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < text.count else { throw error(.unexpectedEnd) }
        return text[position]
    }

    private mutating func skipSpace() {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private func error(_ kind: JSONError.Kind) -> JSONError { JSONError(kind: kind, offset: position) }

    private func unexpected(_ expected: String) -> JSONError {
        position < text.count ? error(.unexpectedByte(text[position], expected: expected)) : error(.unexpectedEnd)
    }
}
