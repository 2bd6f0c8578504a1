import Numerics

/// The difference between a model's prediction of one token and that of a reference.
public struct LogitComparison: Sendable, Hashable {
    /// The KL divergence of the model's prediction from the reference's, in nats.
    public let divergence: Double
    /// The natural logarithm of the probability that the reference gives to the token that follows.
    public let referenceLogProbability: Double
    /// The natural logarithm of the probability that the model gives to the token that follows.
    public let logProbability: Double
    /// Whether the model and the reference find the same token most probable.
    public let agrees: Bool

    /// Makes a difference of figures that are known.
    public init(divergence: Double, referenceLogProbability: Double, logProbability: Double, agrees: Bool) {
        self.divergence = divergence
        self.referenceLogProbability = referenceLogProbability
        self.logProbability = logProbability
        self.agrees = agrees
    }

    /// Compares the logits of a model with those of a reference.
    ///
    /// - Parameters:
    ///   - reference: the logits of the reference, one for each token of the vocabulary.
    ///   - logits: the logits of the model, as many.
    ///   - token: the token that follows.
    public init(reference: UnsafeBufferPointer<Float>, logits: UnsafeBufferPointer<Float>, token: Int32) {
        precondition(reference.count == logits.count)
        let (p, q) = (reference.baseAddress!, logits.baseAddress!)
        let logSumP = VectorMath.logSumExp(p, reference.count)
        let logSumQ = VectorMath.logSumExp(q, logits.count)
        divergence = VectorMath.divergence(p, logSum: logSumP, from: q, logSum: logSumQ, logits.count)
        referenceLogProbability = Double(p[Int(token)]) - logSumP
        logProbability = Double(q[Int(token)]) - logSumQ
        agrees = VectorMath.indexOfMaximum(p, reference.count) == VectorMath.indexOfMaximum(q, logits.count)
    }

    /// Compares the logits of a model with log-probabilities of a reference, of which the least are not known.
    ///
    /// - Parameters:
    ///   - referenceLogProbabilities: the natural logarithms of the reference's probabilities, one for each token of
    ///     the vocabulary.
    ///   - limit: the log-probability up to which a token adds nothing to the divergence.
    ///   - logits: the logits of the model, as many.
    ///   - token: the token that follows.
    public init(
        referenceLogProbabilities: UnsafeBufferPointer<Float>, above limit: Float, logits: UnsafeBufferPointer<Float>,
        token: Int32
    ) {
        precondition(referenceLogProbabilities.count == logits.count)
        let (p, q) = (referenceLogProbabilities.baseAddress!, logits.baseAddress!)
        let logSum = VectorMath.logSumExp(q, logits.count)
        divergence = VectorMath.divergence(logProbabilities: p, above: limit, from: q, logSum: logSum, logits.count)
        referenceLogProbability = Double(p[Int(token)])
        logProbability = Double(q[Int(token)]) - logSum
        agrees = VectorMath.indexOfMaximum(p, logits.count) == VectorMath.indexOfMaximum(q, logits.count)
    }
}
