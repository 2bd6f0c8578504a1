import ByteJSON
import Pipelines
import TensorCore
import Testing

@Suite struct GenerationTests {
    /// PyTorch's greedy continuations of 64 tokens, token by token.
    @Test(arguments: ReferenceModel.all, [0, 1])
    func greedyTextIsTheReference(model: ReferenceModel, number: Int) throws {
        let expected = try #require(model.reference()["greedy_generation"]?.array?[number])
        let prompt = try #require(expected["prompt"]?.string)
        let result = try Generation(maximumTokenCount: 64, parallel: Parallel())
            .run(Model(path: model.path), prompt: prompt) { _ in }
        #expect(result.prompt.map(Int.init) == expected["prompt_ids"]?.array?.compactMap(\.integer))
        #expect(result.tokens.map(Int.init) == expected["generated_ids"]?.array?.compactMap(\.integer))
        #expect(result.text == expected["generated_text"]?.string)
    }
}
