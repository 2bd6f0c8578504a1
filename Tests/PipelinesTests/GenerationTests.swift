import ByteJSON
import Models
import Parallelism
import Pipelines
import TestSupport
import Testing

@Suite struct GenerationTests {
    private static func generate(
        _ model: ReferenceModel, _ prompt: String, count: Int = 64, threads: Int? = nil,
        _ change: (inout GenerationOptions) -> Void = { _ in }
    ) throws -> Generation.Result {
        var options = GenerationOptions()
        options.maximumTokenCount = count
        change(&options)
        return try Generation(options, compute: Compute(parallel: Parallel(threadCount: threads)))
            .run(Model.open(model.path), prompt: Array(prompt.utf8)) { _ in }
    }

    /// PyTorch's greedy continuations of 64 tokens, token by token.
    @Test(arguments: ReferenceModel.all, [0, 1])
    func greedyTextIsTheReference(model: ReferenceModel, number: Int) throws {
        let expected = try #require(model.reference()["greedy_generation"]?.array?[number])
        let prompt = try #require(expected["prompt"]?.string)
        let result = try Self.generate(model, prompt)
        #expect(result.prompt.map(Int.init) == expected["prompt_ids"]?.array?.compactMap(\.integer))
        #expect(result.tokens.map(Int.init) == expected["generated_ids"]?.array?.compactMap(\.integer))
        #expect(result.text == expected["generated_text"]?.string)
        #expect(result.finish == .length)
    }

    /// Those of HuggingFace transformers with its repetition penalty; see Tests/Generators/sampling_golden.py.
    @Test(arguments: ReferenceModel.all)
    func penalizedTextIsTheReference(model: ReferenceModel) throws {
        let golden = try JSON(parsing: Fixtures.decompressed("golden/sampling_golden.json.zst"))
        let texts = golden["continuations"]?.array?.filter { $0["model"]?.string == model.name } ?? []
        #expect(texts.count == 2)
        for expected in texts {
            let prompt = try #require(expected["prompt"]?.string)
            let result = try Self.generate(model, prompt) { $0.sampling.repetitionPenalty = 1.1 }
            #expect(result.tokens.map(Int.init) == expected["tokens"]?.array?.compactMap(\.integer))
        }
    }

    /// The log-probabilities are the model's, whatever is done to its logits.
    @Test func logProbabilitiesAreThoseOfTheModel() throws {
        let expected = try #require(ReferenceModel.xverseMoE.reference()["greedy_generation"]?.array?[0])
        let prompt = try #require(expected["prompt"]?.string)
        let margins = expected["top1_top2_logit_margin"]?.array?.compactMap(\.double) ?? []
        try #require(margins.count == 64)
        let result = try Self.generate(.xverseMoE, prompt) { $0.topCount = 2 }
        #expect(result.logProbabilities.count == 64 && result.topLogProbabilities.count == 64)
        for (index, top) in result.topLogProbabilities.enumerated() {
            #expect(top[0].token == result.tokens[index])
            #expect(top[0].logProbability == result.logProbabilities[index])
            #expect(abs(top[0].logProbability - top[1].logProbability - margins[index]) < 2e-3)
        }
        let first = try Self.generate(.xverseMoE, prompt, count: 1) {
            $0.sampling.temperature = 3
            $0.sampling.repetitionPenalty = 2
            $0.sampling.seed = 5
            $0.topCount = 4096
        }
        let all = try #require(first.topLogProbabilities.first)
        #expect(all.count == 4096)
        #expect(all.first { $0.token == first.tokens[0] }?.logProbability == first.logProbabilities[0])
        #expect(abs(all[0].logProbability - result.logProbabilities[0]) < 1e-9)
    }

    @Test func theSeedDecidesNotTheThreads() throws {
        func tokens(threads: Int, seed: UInt64) throws -> [Int32] {
            try Self.generate(.apusXDAN, "从前", count: 24, threads: threads) {
                $0.sampling.temperature = 1
                $0.sampling.topP = 0.95
                $0.sampling.seed = seed
            }.tokens
        }
        let one = try tokens(threads: 1, seed: 11)
        #expect(try tokens(threads: 2, seed: 11) == one)
        #expect(try tokens(threads: 2, seed: 12) != one)
    }
}
