import ByteJSON
import Runtime
import TestSupport
import Testing

@Suite struct SamplerTests {
    /// Against the logits processors of HuggingFace transformers; see Tests/Generators/sampling_golden.py.
    @Test func distributionsAreThoseOfTheReference() throws {
        let golden = try JSON(parsing: Fixtures.decompressed("golden/sampling_golden.json.zst"))
        let cases = try #require(golden["distributions"]?.array)
        #expect(cases.count > 90)
        for item in cases {
            let name = item["name"]?.string ?? ""
            let logits = item["logits"]?.array?.compactMap { $0.double.map(Float.init) } ?? []
            let history = item["history"]?.array?.compactMap { $0.integer.map(Int32.init) } ?? []
            let found = try Sampler(Self.options(item["options"]))
                .distribution(logits: logits, history: history)
            let expected = item["probabilities"]?.array?.compactMap(\.double) ?? []
            let sorted = found.map(\.probability).sorted(by: >)
            #expect(sorted.count == expected.count, "\(name)")
            #expect(zip(sorted, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(name)")
            guard let tokens = item["tokens"]?.array?.compactMap(\.integer) else { continue }
            let byToken = found.sorted { $0.token < $1.token }
            #expect(byToken.map { Int($0.token) } == tokens, "\(name)")
            let ofTokens = item["ofTokens"]?.array?.compactMap(\.double) ?? []
            #expect(zip(byToken, ofTokens).allSatisfy { abs($0.probability - $1) < 1e-6 }, "\(name)")
        }
    }

    private static func options(_ json: JSON?) -> SamplingOptions {
        var options = SamplingOptions()
        if let value = json?["repetitionPenalty"]?.double { options.repetitionPenalty = value }
        if let value = json?["temperature"]?.double { options.temperature = value }
        if let value = json?["topK"]?.integer { options.topK = value }
        if let value = json?["topP"]?.double { options.topP = value }
        if let value = json?["minP"]?.double { options.minP = value }
        return options
    }

    @Test func withoutTemperatureTheFirstOfTheGreatest() throws {
        var sampler = Sampler(SamplingOptions())
        #expect(try sampler.next(logits: [1, 3, 3, 2], history: []) == 1)
        var options = SamplingOptions()
        options.repetitionPenalty = 2
        options.excluded = [3]
        sampler = Sampler(options)
        #expect(try sampler.next(logits: [1, 3, 1.75, 9], history: [1, 1]) == 2)
    }

    /// Pearson's statistic of 20000 draws over six tokens; 5 degrees of freedom exceed 20.5 once in a thousand times.
    @Test(arguments: [0, 0.8]) func drawsFollowTheDistribution(topP: Double) throws {
        var options = SamplingOptions()
        options.temperature = 0.9
        options.topP = topP == 0 ? 1 : topP
        options.seed = 7
        var sampler = Sampler(options)
        let logits: [Float] = [0.3, 2.1, -0.5, 1.2, 1.7, 0.9]
        let distribution = try sampler.distribution(logits: logits, history: [])
        var counts: [Int32: Int] = [:]
        let drawCount = 20000
        for _ in 0..<drawCount { counts[try sampler.next(logits: logits, history: []), default: 0] += 1 }
        #expect(counts.count == distribution.count)
        var statistic = 0.0
        for candidate in distribution {
            let expected = candidate.probability * Double(drawCount)
            let difference = Double(counts[candidate.token] ?? 0) - expected
            statistic += difference * difference / expected
        }
        #expect(statistic < 20.5)
    }

    @Test func theSeedDecides() throws {
        func draws(seed: UInt64) throws -> [Int32] {
            var options = SamplingOptions()
            options.temperature = 1
            options.seed = seed
            var sampler = Sampler(options)
            return try (0..<50).map { _ in try sampler.next(logits: [Float](repeating: 0, count: 1000), history: []) }
        }
        #expect(try draws(seed: 1) == draws(seed: 1))
        #expect(try draws(seed: 1) != draws(seed: 2))
    }

    @Test(
        arguments: [
            [Float.nan, .nan], [Float.infinity, 0], [-Float.infinity, -Float.infinity],
        ] as [[Float]])
    func logitsThatAreNoNumbers(logits: [Float]) throws {
        var sampler = Sampler(SamplingOptions())
        #expect(throws: RuntimeError(.nonFiniteActivation, place: "logits")) {
            try sampler.next(logits: logits, history: [])
        }
    }
}
