import ByteJSON
import Files
import TestSupport
import Testing
import Tokenizers

/// The texts and ids of a `tokenizer_vectors.json`.
struct TokenizerVector: Sendable {
    var text: ByteString
    var ids: [TokenID]
    var plainIDs: [TokenID]
    var decoded: String

    static func list(_ directory: String) throws -> [TokenizerVector] {
        let json = try JSON(contentsOf: directory + "/tokenizer_vectors.json")
        return try #require(json["vectors"]?.array).map { item in
            let ids = try #require(item.ids("ids"))
            return TokenizerVector(
                text: try #require(item["text"]?.bytes), ids: ids, plainIDs: item.ids("ids_plain") ?? ids,
                decoded: try #require(item["decoded"]?.string))
        }
    }

    func check(_ tokenizer: Tokenizer) throws {
        #expect(tokenizer.encode(text.bytes, parseSpecial: true) == ids, "\(text)")
        #expect(tokenizer.encode(text.bytes, parseSpecial: false) == plainIDs, "\(text)")
        #expect(try Array(tokenizer.text(of: ids).utf8) == Array(decoded.utf8), "\(text)")
    }
}

/// What the golden files of all families have.
enum GoldenTokens {
    /// Checks the ids of an evaluation text.
    static func checkEvaluation(_ item: JSON, _ tokenizer: Tokenizer, prefix: [UInt8] = []) throws {
        let name = try #require(item["name"]?.string)
        let text = try ReadableFile.contents(of: Fixtures.path("text/eval/\(name)"))
        let ids = tokenizer.encode(text, parseSpecial: true)
        #expect(ids.count == item["count"]?.integer, "\(name)")
        #expect(Array(ids.prefix(64)) == item.ids("first"), "\(name)")
        let hash = ids.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, id in
            (0..<4).reduce(hash) { ($0 ^ UInt64(id >> (8 * $1) & 0xff)) &* 0x100_0000_01b3 }
        }
        #expect(hash == UInt64(item["fnv1a"]?.string ?? "", radix: 16), "\(name)")
        #expect(try tokenizer.decode(ids) == prefix + text, "\(name)")
    }

    static func checkEncoding(_ item: JSON, _ tokenizer: Tokenizer, of name: String) throws {
        let text = try #require(item["text"]?.bytes)
        let ids = try #require(item.ids("ids"))
        #expect(tokenizer.encode(text.bytes, parseSpecial: true) == ids, "\(name): \(text)")
        #expect(tokenizer.encode(text.bytes, parseSpecial: false) == item.ids("ids_plain") ?? ids, "\(name): \(text)")
    }

    static func checkDecoding(_ item: JSON, _ tokenizer: Tokenizer, of name: String = "") throws {
        let ids = try #require(item.ids("ids"))
        #expect(
            try tokenizer.text(of: ids).utf8.elementsEqual(item["text"]?.string?.utf8 ?? "".utf8), "\(name): \(ids)")
        let skipped = try tokenizer.text(of: ids, skipSpecials: true)
        #expect(skipped.utf8.elementsEqual(item["text_skipped"]?.string?.utf8 ?? "".utf8), "\(name): \(ids)")
    }
}

extension JSON {
    func ids(_ key: ByteString) -> [TokenID]? { self[key]?.array?.compactMap { $0.integer.map(TokenID.init) } }
}

extension String {
    /// The bytes that the string spells.
    var hexadecimalBytes: [UInt8] {
        let digits = compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
