import ByteJSON
import Files
import TestSupport
import Testing

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

    @Test func keepsCanonicallyEquivalentKeysApart() throws {
        let json = try parse(#"{"é": 1, "e\u0301": 2}"#)
        #expect(json["\u{e9}"]?.integer == 1)
        #expect(json["e\u{301}"]?.integer == 2)
    }

    @Test(arguments: [
        (#""a\n\t\"\\\/\u00e9\ud83d\ude00""#, "a\n\t\"\\/é😀"), (#""""#, ""), (#""▁的""#, "▁的"),
    ])
    func strings(text: String, expected: String) throws {
        #expect(try parse(text).bytes == ByteString(expected))
    }

    @Test(arguments: [("0", 0.0), ("-1", -1), ("1e-6", 1e-6), ("500000.0", 500000), ("1E+2", 100)])
    func numbers(text: String, expected: Double) throws {
        #expect(try parse(text).double == expected)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "01", "1.", "-", "\"\u{1}\"", "\"\\x\"", #""\ud800""#,
        #""\udc00x""#,
        "nul", "1 2", "\"abc", "[1", "{a:1}", #"{"a":1,"a":2}"#, "+1", "1e", ".5",
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test func refusesInvalidUTF8() {
        #expect(throws: JSONError(kind: .invalidUTF8, offset: 0)) { try JSON(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test func refusesBottomlessNesting() {
        let text = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONError(kind: .tooDeep(limit: 128), offset: 128)) { try JSON(parsing: text) }
    }

    @Test func namesTheDuplicateKey() {
        #expect(throws: JSONError(kind: .duplicateKey("a"), offset: 7)) { try parse(#"{"a":1,"a":2}"#) }
    }

    @Test func readsABundledTokenizer() throws {
        let json = try JSON(contentsOf: Fixtures.path("models/xverse-moe-tiny/tokenizer.json"))
        #expect(json["model"]?["vocab"]?.object?.count == 4096)
        #expect(json["model"]?["merges"]?.array?.count == 2437)
    }
}
