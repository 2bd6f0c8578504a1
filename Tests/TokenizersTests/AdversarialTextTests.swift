import ByteJSON
import Files
import Foundation
import TestSupport
import Testing
import Tokenizers

/// Difficult text of 10 MB: every scalar, long runs of marks and spaces, emoji, controls, special tokens, one long line.
///
/// The recipe and the digests of the references' ids are made by Tests/Generators/adversarial_text.py, which also compares
/// all of it; here each kind of tokenizer gets a part of the texts, and each text some of the kinds.
@Suite struct AdversarialTextTests {
    private static let golden = Result { try JSON(parsing: Fixtures.decompressed("golden/adversarial_text.json.zst")) }
    /// Each kind gets every so manyth text.
    private static let stride = 6

    private static func texts() throws -> [[UInt8]] {
        try #require(golden.get()["sections"]?.array).flatMap { section in
            if let count = section["scalars"]?.integer {
                let all = (0..<0x110000).compactMap { UnicodeScalar(UInt32($0)) }
                return Swift.stride(from: 0, to: all.count, by: count).map { start in
                    all[start..<min(start + count, all.count)].flatMap { Array(String($0).utf8) }
                }
            }
            return try drawn(section)
        }
    }

    private static func drawn(_ section: JSON) throws -> [[UInt8]] {
        let parts = try #require(section["parts"]?.array).map { part in
            (bytes: try #require(part.array?[0].bytes).bytes, repeats: try #require(part.array?[1].integer))
        }
        let (seed, size) = (try #require(section["seed"]?.integer), try #require(section["bytes"]?.integer))
        return (0..<(try #require(section["texts"]?.integer))).map { number in
            var state = UInt64(seed + number)
            func draw(_ limit: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 32) % limit
            }
            var text: [UInt8] = []
            while text.count < size {
                let part = parts[draw(parts.count)]
                for _ in 0...(part.repeats > 1 ? draw(part.repeats) : 0) { text += part.bytes }
            }
            return text
        }
    }

    private static func tokenizer(_ kind: JSON) throws -> Tokenizer {
        if let folder = kind["folder"]?.string {
            let file = try ReadableFile.contents(of: Fixtures.path("models/\(folder)/tokenizer.json"))
            return try Fixtures.tokenizer(ByteString(file))
        }
        let file = try #require(kind["file"]?.string)
        let list = try JSON(parsing: Fixtures.decompressed("golden/\(file).json.zst"))[
            #require(kind["list"]?.bytes)]?.array
        let variant = try #require(list?.first { $0["name"] == kind["variant"] })
        if let json = variant["tokenizer"]?.bytes { return try Fixtures.tokenizer(json) }
        let model = try #require(Data(base64Encoded: variant["model"]?.string ?? ""))
        return try Fixtures.withTemporaryDirectory { directory in
            try model.write(to: URL(filePath: directory + "/tokenizer.model"))
            return try Tokenizer(checkpointDirectory: directory)
        }
    }

    @Test func idsAreThoseOfTheReferences() throws {
        try Conformance.row("tokenizers-bytes/adversarial-text")
        let golden = try Self.golden.get()
        let texts = try Self.texts()
        #expect(golden["texts"]?.array?.map(\.integer) == texts.map { Int(CRC32.of($0)) })
        let kinds = try #require(golden["kinds"]?.array)
        #expect(kinds.count == 27)
        for (number, kind) in kinds.enumerated() {
            let tokenizer = try Self.tokenizer(kind)
            let digests = try #require(kind["digests"]?.array)
            #expect(digests.count == texts.count)
            for index in Swift.stride(from: number % Self.stride, to: texts.count, by: Self.stride) {
                // SentencePiece never reads the text of a control token as that token.
                let ids = tokenizer.encode(texts[index], parseSpecial: kind["list"]?.string != "models")
                let checksum = ids.withUnsafeBytes { CRC32.of($0) }
                #expect(
                    digests[index].array?.map(\.integer) == [ids.count, Int(checksum)],
                    "\(String(describing: kind["name"]?.string)), text \(index)")
            }
        }
    }
}

/// The checksum of zlib.
private enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xedb8_8320 ^ value >> 1 : value >> 1 }
    }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            ~bytes.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 0xff)] ^ $0 >> 8 }
        }
    }
}
