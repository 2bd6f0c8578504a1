import ByteJSON
import Evaluation
import Files
import Models
import Pipelines
import TestSupport
import Testing

@Suite struct PerplexityTests {
    static let texts = ["fiction-en", "fiction-zh", "conversation-en", "conversation-zh", "web-en", "web-zh"]

    /// PyTorch's perplexities, and the statistics llama.cpp prints, for every bundled text.
    @Test(arguments: ReferenceModel.all, texts)
    func isTheReference(reference: ReferenceModel, name: String) throws {
        let expected = try #require(reference.reference()["perplexity"]?[ByteString(name)])
        let text = try EvaluationText(contentsOf: Fixtures.path("text/eval/\(name).txt"))
        let model = try Model.open(reference.path)
        let result = try Measurement().run([model], texts: [text]).models[0][0]
        let perplexity = try #require(expected["ppl"]?.double)
        #expect(abs(result.perplexity.mean / perplexity - 1) < 1e-3)
        #expect(abs(result.perplexity.error / (expected["ppl_stderr"]?.double ?? 0) - 1) < 1e-2)
        #expect(result.scoredTokenCount == expected["scored_tokens"]?.integer)
        #expect(result.windowCount == expected["chunks"]?.integer)
        #expect(result.tokenCount == expected["total_tokens_with_bos"]?.integer)
        #expect(result.byteCount == expected["file_bytes"]?.integer)
        #expect(result.characterCount == expected["file_chars"]?.integer)
    }

    /// Of a long text no more is tokenized than the windows take, which are those of the whole text.
    @Test(arguments: ["fiction-en", "web-zh"])
    func tokenizesAsMuchAsIsScored(name: String) throws {
        let model = try Model.open(ReferenceModel.xverseMoE.path)
        let text = try EvaluationText(contentsOf: Fixtures.path("text/eval/\(name).txt"))
        let cut = WindowCut(context: 64, firstWindow: 1, windowLimit: 2)
        let whole = try TokenWindows(text, tokenizer: model.tokenizer, cut: cut)
        let part = try TokenWindows(text, tokenizer: model.tokenizer, cut: cut, countsTokens: false)
        #expect(part.windows == whole.windows && part.byteCount == whole.byteCount)
        #expect(part.tokenCount == nil && whole.tokenCount != nil)
        #expect(try Measurement(cut: cut).run([model], texts: [text]).models[0][0].tokenCount == nil)
        let short = EvaluationText(name: "short", bytes: Array(text.bytes.prefix(2000)))
        let known = try TokenWindows(short, tokenizer: model.tokenizer, cut: cut, countsTokens: false)
        #expect(known.tokenCount == (try TokenWindows(short, tokenizer: model.tokenizer, cut: cut)).tokenCount)
    }

    @Test func refusesATextShorterThanAWindow() throws {
        let model = try Model.open(ReferenceModel.xverseMoE.path)
        let text = EvaluationText(name: "short", bytes: Array("Hello".utf8))
        #expect(throws: EvaluationError.self) {
            try Measurement().run([model], texts: [text])
        }
    }
}
