import Runtime

/// How far a model's predictions of a text are from a reference's: llama.cpp's list of statistics.
///
/// Sources: `kl_divergence` of llama.cpp's perplexity tool for what is measured and how errors are propagated.
public struct Divergence: Sendable, Hashable {
    /// KL divergence of the model's predictions from the reference's: its mean over tokens, in nats per token.
    public let divergence: MeanWithError
    /// KL divergence of the model's predictions from the reference's: its distribution over tokens, in nats.
    public let divergences: Distribution
    /// The natural logarithm of the ratio of the perplexity to the reference's. Its error takes account of their
    /// correlation.
    public let logRatio: MeanWithError
    /// The correlation of the two models' log-likelihoods, from −1 to 1.
    public let correlation: Double
    /// The perplexity less the reference's.
    public let perplexityDifference: MeanWithError
    /// How much more probable the model finds the token that follows than the reference does: the mean of the
    /// differences of probabilities, each from −1 to 1.
    public let probabilityChange: MeanWithError
    /// How much more probable the model finds the token that follows than the reference does: the distribution of the
    /// differences of probabilities.
    public let probabilityChanges: Distribution
    /// The root of the mean square of the change of the probability of the token that follows.
    public let probabilityChangeRMS: MeanWithError
    /// The share of tokens, from 0 to 1, for which both models find the same one most probable.
    public let agreement: MeanWithError

    /// The ratio of the perplexity to the reference's.
    public var ratio: MeanWithError { logRatio.exponential }

    /// Summarizes comparisons token by token.
    ///
    /// - Parameter tokens: The scored tokens, in any order; at least one.
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
