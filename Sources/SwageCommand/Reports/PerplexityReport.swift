import Evaluation

/// What `perplexity --json` prints.
struct PerplexityReport: Encodable {
    let model: String
    /// The model that divergences are measured from.
    let reference: String?
    let context: Int
    let stride: Int?
    /// How activations are multiplied with weights.
    let precision: String
    /// OpenBLAS's kernels.
    let core: String
    let texts: [Text]

    struct Text: Encodable {
        let name: String
        let perplexity: Double
        /// Of the perplexity.
        let standardError: Double
        let perplexityPerCharacter: Estimate
        let perplexityPerByte: Estimate
        let nats: Losses
        let bits: Losses
        /// Tokens scored.
        let tokens: Int
        let windows: Int
        let textTokens: Int
        let textBytes: Int
        let textCharacters: Int
        /// Null where the reference has another tokenizer.
        let divergence: Nullable<DivergenceReport>?

        /// Mean negative log-likelihoods.
        struct Losses: Encodable {
            let perToken: Estimate
            let perCharacter: Estimate
            let perByte: Estimate

            init(_ result: EvaluationResult, _ unit: (MeanWithError) -> MeanWithError) {
                perToken = Estimate(unit(result.loss))
                perCharacter = Estimate(unit(result.lossPerCharacter))
                perByte = Estimate(unit(result.lossPerByte))
            }
        }

        /// - Parameter otherTokenizer: whether the reference that the others are compared with has another one.
        init(_ result: EvaluationResult, otherTokenizer: Bool = false) {
            name = result.name
            perplexity = result.perplexity.mean
            standardError = result.perplexity.error
            perplexityPerCharacter = Estimate(result.perplexityPerCharacter)
            perplexityPerByte = Estimate(result.perplexityPerByte)
            nats = Losses(result) { $0 }
            bits = Losses(result, \.bits)
            tokens = result.scoredTokenCount
            windows = result.windowCount
            textTokens = result.tokenCount
            textBytes = result.byteCount
            textCharacters = result.characterCount
            divergence =
                otherTokenizer ? Nullable(nil) : result.divergence.map { Nullable(DivergenceReport($0)) }
        }
    }
}

/// A value, or null: for what is said not to be there.
struct Nullable<Value: Encodable>: Encodable {
    let value: Value?

    init(_ value: Value?) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}

/// A value and its standard error; a value that is not finite is left out.
struct Estimate: Encodable {
    let value: Double?
    let standardError: Double?

    init(_ estimate: MeanWithError) {
        value = estimate.mean.isFinite ? estimate.mean : nil
        standardError = estimate.error.isFinite ? estimate.error : nil
    }
}

/// How far a model's predictions are from the reference's.
struct DivergenceReport: Encodable {
    /// KL divergence, nats per token.
    let mean: Estimate
    /// By the part of the tokens that are below: "0" is the minimum, "1" the maximum.
    let quantiles: [String: Double]
    let perplexityLogRatio: Estimate
    let perplexityRatio: Estimate
    let perplexityDifference: Estimate
    /// Of the log-likelihoods.
    let correlation: Double
    /// Of the probability of the token that follows.
    let probabilityChange: Estimate
    let probabilityChangeQuantiles: [String: Double]
    let probabilityChangeRMS: Estimate
    /// Share of tokens with the same most probable one.
    let topAgreement: Estimate

    init(_ divergence: Divergence) {
        func quantiles(_ distribution: Distribution, _ parts: [Double]) -> [String: Double] {
            Dictionary(
                uniqueKeysWithValues: parts.map { ($0 == 0 ? "0" : $0 == 1 ? "1" : "\($0)", distribution.quantile($0)) }
            )
        }
        mean = Estimate(divergence.divergence)
        self.quantiles = quantiles(divergence.divergences, DivergenceTable.quantiles)
        perplexityLogRatio = Estimate(divergence.logRatio)
        perplexityRatio = Estimate(divergence.ratio)
        perplexityDifference = Estimate(divergence.perplexityDifference)
        correlation = divergence.correlation
        probabilityChange = Estimate(divergence.probabilityChange)
        probabilityChangeQuantiles = quantiles(divergence.probabilityChanges, DivergenceTable.changeQuantiles)
        probabilityChangeRMS = Estimate(divergence.probabilityChangeRMS)
        topAgreement = Estimate(divergence.agreement)
    }
}
