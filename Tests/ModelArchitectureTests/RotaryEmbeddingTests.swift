import ByteJSON
import Files
import GGUF
import ModelArchitecture
import TestSupport
import Testing

typealias Rope = DecoderPlan.RotaryEmbedding

@Suite struct RotaryEmbeddingTests {
    static let ropes: [(String, Rope)] = [
        ("plain", Rope(frequencyBase: 1e4, dimensionCount: 128)),
        ("dynamic", Rope(frequencyBase: 1e4, dimensionCount: 128)),
        ("linear", Rope(frequencyBase: 1e4, dimensionCount: 128, scaling: .linear(factor: 8))),
        ("yarn", Rope(frequencyBase: 1e4, dimensionCount: 128, yarn: .init(factor: 16, originalContextLength: 8192))),
        (
            "yarn-qwen",
            Rope(frequencyBase: 1e6, dimensionCount: 128, yarn: .init(factor: 4, originalContextLength: 32768))
        ),
        (
            "yarn-deepseek",
            Rope(
                frequencyBase: 1e4, dimensionCount: 64, yarn: .init(factor: 40, originalContextLength: 4096),
                multipliers: (1, 0.707))
        ),
        (
            "yarn-oss",
            Rope(
                frequencyBase: 150_000, dimensionCount: 64,
                yarn: .init(factor: 32, originalContextLength: 4096, roundsRamp: false))
        ),
        ("llama3.1", Rope(dimensionCount: 128, llama3Factor: 8)),
        ("llama3.2", Rope(dimensionCount: 64, llama3Factor: 32)),
    ]

    /// transformers' ROPE_INIT_FUNCTIONS, in float32.
    @Test(arguments: ropes)
    func frequenciesAreTransformers(name: String, rope: Rope) throws {
        let golden = try JSON(contentsOf: Fixtures.path("models/random/rope.json"))
        let expected = try #require(golden[ByteString(name)])
        let frequencies = expected["frequencies"]?.array?.compactMap(\.double) ?? []
        #expect(frequencies.count == rope.frequencies.count)
        for (ours, theirs) in zip(rope.frequencies, frequencies) { #expect(abs(ours / theirs - 1) < 2e-6) }
        #expect(abs(rope.amplitude / (expected["amplitude"]?.double ?? 0) - 1) < 1e-12)
    }

    @Test(arguments: ropes)
    func factorsDivideThePlainFrequencies(name: String, rope: Rope) {
        let plain = Rope(frequencyBase: rope.frequencyBase, dimensionCount: rope.dimensionCount).frequencies
        for (index, factor) in rope.frequencyFactors.enumerated() {
            #expect(abs(plain[index] / Double(factor) / rope.frequencies[index] - 1) < 1e-6)
        }
    }
}

extension Rope {
    fileprivate init(
        frequencyBase: Double, dimensionCount: Int, yarn: YaRN, multipliers: (Double, Double)? = nil
    ) {
        let amplitude =
            multipliers.map { yarn.amplitude(multiplier: $0.0) / yarn.amplitude(multiplier: $0.1) } ?? yarn.amplitude()
        self.init(
            frequencyBase: frequencyBase, dimensionCount: dimensionCount, scaling: .yarn(yarn), amplitude: amplitude)
    }

    fileprivate init(dimensionCount: Int, llama3Factor: Double) {
        self.init(
            frequencyBase: 5e5, dimensionCount: dimensionCount,
            scaling: .llama3(
                .init(
                    factor: llama3Factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192)))
    }
}
