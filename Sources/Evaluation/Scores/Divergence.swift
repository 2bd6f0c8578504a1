import Runtime

/// How far a model's predictions of a text are from a reference's: llama.cpp's list of statistics.
///
/// Sources: `kl_divergence` of llama.cpp's perplexity tool for what is measured and how errors are propagated.
public struct Divergence: Sendable, Hashable {
    /// KL divergence of the model's predictions from the reference's, nats per token.
    public let divergence: MeanWithError
    public let divergences: Distribution
    /// ln of the ratio of the perplexity to the reference's. Its error takes account of their correlation.
    public let logRatio: MeanWithError
    /// Correlation of the two models' log-likelihoods.
    public let correlation: Double
    /// Perplexity less the reference's.
    public let perplexityDifference: MeanWithError
    /// Change of the probability of the token that follows.
    public let probabilityChange: MeanWithError
    public let probabilityChanges: Distribution
    /// Root of the mean square of that change.
    public let probabilityChangeRMS: MeanWithError
    /// Share of tokens where both models find the same one most probable.
    public let agreement: MeanWithError

    /// Ratio of the perplexity to the reference's.
    public var ratio: MeanWithError { logRatio.exponential }

    /// - Parameter tokens: the scored tokens, in any order; at least one.
    public init(_ tokens: some Collection<LogitComparison>) {
        divergence = MeanWithError(tokens.map(\.divergence))
        divergences = Distribution(tokens.map(\.divergence))

        let loss = MeanWithError(tokens.map { -$0.logProbability })
        let referenceLoss = MeanWithError(tokens.map { -$0.referenceLogProbability })
        let count = Double(tokens.count)
        let products = tokens.reduce(0) {
            $0 + (-$1.logProbability - loss.mean) * (-$1.referenceLogProbability - referenceLoss.mean)
        }
        let covariance = tokens.count > 1 ? products / count / (count - 1) : 0
        let errors = loss.error * referenceLoss.error
        correlation = errors > 0 ? covariance / errors : 1
        logRatio = MeanWithError(tokens.map { $0.referenceLogProbability - $0.logProbability })
        let (perplexity, reference) = (loss.mean.exponential, referenceLoss.mean.exponential)
        let (deviation, referenceDeviation) = (perplexity * loss.error, reference * referenceLoss.error)
        let variance =
            deviation * deviation + referenceDeviation * referenceDeviation - 2 * perplexity * reference * covariance
        perplexityDifference = MeanWithError(mean: perplexity - reference, error: max(0, variance).squareRoot())

        let changes = tokens.map { $0.logProbability.exponential - $0.referenceLogProbability.exponential }
        probabilityChange = MeanWithError(changes)
        probabilityChanges = Distribution(changes)
        let square = MeanWithError(changes.map { $0 * $0 })
        let root = square.mean.squareRoot()
        probabilityChangeRMS = MeanWithError(mean: root, error: root > 0 ? square.error / (2 * root) : 0)
        let share = Double(tokens.reduce(0) { $0 + ($1.agrees ? 1 : 0) }) / count
        agreement = MeanWithError(
            mean: share, error: tokens.count > 1 ? (share * (1 - share) / (count - 1)).squareRoot() : 0)
    }
}
