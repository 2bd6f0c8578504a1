/// How well a model predicts a text, and how far it is from a reference, as JSON has it.
package struct TextFigures: Codable, Sendable, Hashable {
    /// Mean negative log-likelihoods.
    package struct Losses: Codable, Sendable, Hashable {
        package let perToken: Estimate
        package let perCharacter: Estimate
        package let perByte: Estimate

        /// Losses per token, per character and per byte of the scored text.
        package init(perToken: Estimate, perCharacter: Estimate, perByte: Estimate) {
            self.perToken = perToken
            self.perCharacter = perCharacter
            self.perByte = perByte
        }
    }

    /// How much of a text was scored, and how long it is.
    package struct Counts: Sendable {
        package let scoredTokens: Int
        package let windows: Int
        package let bytes: Int
        package let characters: Int

        /// The scored tokens and windows, and the length of the whole text.
        package init(scoredTokens: Int, windows: Int, bytes: Int, characters: Int) {
            self.scoredTokens = scoredTokens
            self.windows = windows
            self.bytes = bytes
            self.characters = characters
        }
    }

    /// The name of the text in reports.
    package let name: String
    package let perplexity: Double
    /// Of the perplexity.
    package let standardError: Double
    package let perplexityPerCharacter: Estimate
    package let perplexityPerByte: Estimate
    package let nats: Losses
    package let bits: Losses
    /// Tokens scored.
    package let tokens: Int
    package let windows: Int
    package let textBytes: Int
    package let textCharacters: Int
    /// Null where the reference has another tokenizer.
    package let divergence: Nullable<DivergenceFigures>?

    /// The figures of one model on one text.
    package init(
        name: String, perplexity: (mean: Double, error: Double), perCharacter: Estimate, perByte: Estimate,
        nats: Losses, bits: Losses, counts: Counts, divergence: Nullable<DivergenceFigures>?
    ) {
        self.name = name
        self.perplexity = perplexity.mean
        standardError = perplexity.error
        perplexityPerCharacter = perCharacter
        perplexityPerByte = perByte
        self.nats = nats
        self.bits = bits
        tokens = counts.scoredTokens
        windows = counts.windows
        textBytes = counts.bytes
        textCharacters = counts.characters
        self.divergence = divergence
    }
}

/// How far a model's predictions are from the reference's, as JSON has it.
package struct DivergenceFigures: Codable, Sendable, Hashable {
    /// KL divergence, nats per token.
    package var mean: Estimate
    /// By the part of the tokens that are below: "0" is the minimum, "1" the maximum.
    package var quantiles: [String: Double]
    package var perplexityLogRatio: Estimate
    package var perplexityRatio: Estimate
    package var perplexityDifference: Estimate
    /// Of the log-likelihoods.
    package var correlation: Double
    /// Of the probability of the token that follows.
    package var probabilityChange: Estimate
    package var probabilityChangeQuantiles: [String: Double]
    package var probabilityChangeRMS: Estimate
    /// Share of tokens with the same most probable one.
    package var topAgreement: Estimate

    /// The figures of one model beside its reference.
    package init(
        mean: Estimate, quantiles: [String: Double], perplexityLogRatio: Estimate, perplexityRatio: Estimate,
        perplexityDifference: Estimate, correlation: Double, probabilityChange: Estimate,
        probabilityChangeQuantiles: [String: Double], probabilityChangeRMS: Estimate, topAgreement: Estimate
    ) {
        self.mean = mean
        self.quantiles = quantiles
        self.perplexityLogRatio = perplexityLogRatio
        self.perplexityRatio = perplexityRatio
        self.perplexityDifference = perplexityDifference
        self.correlation = correlation
        self.probabilityChange = probabilityChange
        self.probabilityChangeQuantiles = probabilityChangeQuantiles
        self.probabilityChangeRMS = probabilityChangeRMS
        self.topAgreement = topAgreement
    }
}
