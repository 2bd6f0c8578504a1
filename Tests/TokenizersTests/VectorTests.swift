import TestSupport
import Testing
import Tokenizers

@Suite struct VectorTests {
    static let directory = Fixtures.path("models/xverse-moe-tiny")
    static let tokenizer = Result { try Tokenizer(checkpointDirectory: directory) }

    static func vectors() throws -> [TokenizerVector] { try TokenizerVector.list(directory) }

    @Test func checkpoint() throws { try check(Self.tokenizer.get()) }

    @Test func vocabulary() throws { try check(Tokenizer(vocabulary: Self.tokenizer.get().vocabulary)) }

    private func check(_ tokenizer: Tokenizer) throws {
        let vectors = try Self.vectors()
        #expect(vectors.count == 191)
        for vector in vectors { try vector.check(tokenizer) }
    }

    @Test func scoresStandForTheMerges() throws { try Self.tokenizer.get().verifyScoreForm() }
}
