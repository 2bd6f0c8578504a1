import Numerics

/// How two models' predictions of one token differ.
public struct LogitComparison: Sendable, Hashable {
    /// KL divergence of the prediction from the reference's, in nats.
    public let divergence: Double
    /// ln of the probability that the reference gives to the token that follows.
    public let referenceLogProbability: Double
    /// ln of the probability that the model gives to it.
    public let logProbability: Double
    /// Whether both find the same token most probable.
    public let agrees: Bool

    /// A difference that is known.
    public init(divergence: Double, referenceLogProbability: Double, logProbability: Double, agrees: Bool) {
        self.divergence = divergence
        self.referenceLogProbability = referenceLogProbability
        self.logProbability = logProbability
        self.agrees = agrees
    }

    /// - Parameters:
    ///   - reference: the reference's logits.
    ///   - logits: the model's, as many.
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

    /// - Parameters:
    ///   - referenceLogProbabilities: the reference's, of which those at most `limit` count as none.
    ///   - logits: the model's, as many.
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
