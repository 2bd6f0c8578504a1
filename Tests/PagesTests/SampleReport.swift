import Pages

/// Reports of made-up figures.
enum SampleReport {
    /// A model of a size, and of a divergence if it is compared.
    static func model(
        _ name: String, bytes: Int, perplexity: Double, divergence: Double? = nil, metadata: [String: [String]] = [:],
        isCheckpoint: Bool = false, cardGiB: Int? = 8, notCompared: String? = nil
    ) -> ModelReport.Model {
        let figures = divergence.map { Self.divergence($0) }
        let compared = notCompared == nil ? figures.map { Nullable($0) } : Nullable<DivergenceFigures>(nil)
        return ModelReport.Model(
            name: name, fileBytes: bytes, bitsPerWeight: 4.5, fingerprint: "",
            file: ModelFacts(
                isCheckpoint: isCheckpoint, type: "Q4_0", recipe: nil,
                files: [.init(name: "\(name).gguf", bytes: bytes, sha256: "00ff")],
                memory: .init(context: 4096, bytes: bytes + 1, cardGiB: cardGiB), made: [], commands: [],
                metadata: metadata),
            texts: [text(perplexity, compared)], divergence: compared, notCompared: notCompared, tasks: nil,
            allTasks: nil, weights: nil)
    }

    private static func estimate(_ value: Double) -> Estimate { Estimate(mean: value, error: value / 8) }

    private static func divergence(_ mean: Double) -> DivergenceFigures {
        DivergenceFigures(
            mean: estimate(mean), quantiles: ["0.5": mean, "0.95": mean, "0.99": mean, "0.999": mean, "1": mean],
            perplexityLogRatio: estimate(0.25), perplexityRatio: estimate(1.25), perplexityDifference: estimate(0.5),
            correlation: 1, probabilityChange: estimate(0.125), probabilityChangeQuantiles: [:],
            probabilityChangeRMS: estimate(0.25), topAgreement: estimate(0.75))
    }

    private static func text(_ perplexity: Double, _ divergence: Nullable<DivergenceFigures>?) -> TextFigures {
        let losses = TextFigures.Losses(
            perToken: estimate(1), perCharacter: estimate(0.5), perByte: estimate(0.25))
        return TextFigures(
            name: "text", perplexity: (perplexity, 0.25), perCharacter: estimate(2), perByte: estimate(2),
            nats: losses, bits: losses,
            counts: .init(scoredTokens: 8, windows: 1, bytes: 64, characters: 64), divergence: divergence)
    }

    static func report(_ models: [ModelReport.Model]) -> ModelReport {
        ModelReport(
            version: "1.0", core: "any", context: 16,
            texts: [.init(name: "text", bytes: 64, characters: 64, sha256: String(repeating: "0", count: 64))],
            models: models.placed, groups: [])
    }
}
