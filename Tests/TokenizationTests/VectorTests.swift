import ByteJSON
import TensorCore
import TestSupport
import Testing
import Tokenization

@Suite struct VectorTests {
    struct Vector: Sendable {
        var text: ByteString
        var ids: [TokenID]
        var plainIDs: [TokenID]
        var decoded: String
    }

    static let directory = Fixtures.path("models/xverse-moe-tiny")
    static let tokenizer = Result { try Tokenizer(checkpointDirectory: directory) }

    static func vectors() throws -> [Vector] {
        let json = try JSON(contentsOf: directory + "/tokenizer_vectors.json")
        return try #require(json["vectors"]?.array).map { item in
            let ids = try #require(item.ids("ids"))
            return Vector(
                text: try #require(item["text"]?.bytes), ids: ids,
                plainIDs: item.ids("ids_plain") ?? ids,
                decoded: try #require(item["decoded"]?.string))
        }
    }

    @Test func checkpoint() throws { try check(Self.tokenizer.get()) }

    @Test func vocabulary() throws { try check(Tokenizer(vocabulary: Self.tokenizer.get().vocabulary)) }

    private func check(_ tokenizer: Tokenizer) throws {
        let vectors = try Self.vectors()
        #expect(vectors.count == 191)
        for vector in vectors {
            #expect(tokenizer.encode(vector.text.bytes, parseSpecial: true) == vector.ids, "\(vector.text)")
            #expect(tokenizer.encode(vector.text.bytes, parseSpecial: false) == vector.plainIDs, "\(vector.text)")
            #expect(try Array(tokenizer.text(of: vector.ids).utf8) == Array(vector.decoded.utf8), "\(vector.text)")
        }
    }

    @Test func scoresStandForTheMerges() throws { try Self.tokenizer.get().verifyScoreForm() }
}
