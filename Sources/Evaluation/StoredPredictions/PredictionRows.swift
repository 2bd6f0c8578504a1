import Numerics
import Runtime

/// A model's predictions of the scored tokens of one window, without most of what hardly matters.
///
/// Of each distribution are kept: the most probable tokens, with log-probabilities rounded to 1/1024 nat, until the rest has
/// at most ``tailMass`` or one token in ``topShare`` of the vocabulary is listed; the mass of the rest; and
/// ``tailSampleCount`` tokens of the rest, drawn with their probabilities by systematic sampling. KL divergence is the
/// expectation of r − 1 − ln r with r = q / p, which is computed over the listed tokens and estimated over the rest from its
/// sample: without bias, and with little variance, since the term is small to second order where p and q are alike.
struct PredictionRows: Sendable {
    static let tailMass = 0.02
    static let topShare = 16
    static let tailSampleCount = 32
    static let stepsPerNat: Float = 1024

    var rows: [PredictionRow]
}

/// What is kept of one distribution over the vocabulary.
struct PredictionRow: Sendable, Hashable {
    /// The listed tokens in ascending order.
    let tokens: [Int32]
    /// For each listed token, how many 1/1024 nat its log-probability is below 0.
    let steps: [UInt16]
    /// The most probable token.
    let best: Int32
    /// The probability of all tokens that are not listed.
    let tailMass: Float
    /// Tokens drawn from those that are not listed.
    let sample: [Int32]
    /// The log-probability of each drawn token, in nats.
    let sampleLogProbabilities: [Float]
    /// The log-probability of the token that follows, in nats.
    let logProbability: Double
}

extension PredictionRow {
    /// Keeps what matters of a prediction.
    ///
    /// - Parameters:
    ///   - logits: One for each token of the vocabulary.
    ///   - token: The token that follows.
    ///   - seed: What places the sample; the same seed gives the same sample.
    init(logits: UnsafeBufferPointer<Float>, token: Int32, seed: UInt64) {
        let logSum = LogProbability.logSumExp(logits)
        logProbability = Double(logits[Int(token)]) - logSum
        let shift = Float(logSum)
        let order = Self.descending(logits)
        best = order[0]
        let limit = max(1, logits.count / PredictionRows.topShare)
        var mass = 0.0
        var count = 0
        while count < limit, count < order.count, 1 - mass > PredictionRows.tailMass {
            mass += (Double(logits[Int(order[count])]) - logSum).exponential
            count += 1
        }
        let top = order[..<count].sorted()
        tokens = top
        steps = top.map {
            UInt16(clamping: Int(((shift - logits[Int($0)]) * PredictionRows.stepsPerNat).rounded()))
        }
        let tail = order[count...]
        var cumulative: [Double] = []
        var tailSum = 0.0
        for token in tail {
            tailSum += (Double(logits[Int(token)]) - logSum).exponential
            cumulative.append(tailSum)
        }
        tailMass = Float(tailSum)
        var random = SeededRandom(seed: seed)
        let start = Double.random(in: 0..<1, using: &random)
        let sampleCount = tail.isEmpty ? 0 : PredictionRows.tailSampleCount
        var position = 0
        let drawn = (0..<sampleCount).map { index -> Int32 in
            let place = (Double(index) + start) / Double(sampleCount) * tailSum
            while position < cumulative.count - 1, cumulative[position] <= place { position += 1 }
            return tail[tail.startIndex + position]
        }
        sample = drawn
        sampleLogProbabilities = drawn.map { Float(Double(logits[Int($0)]) - logSum) }
    }

    /// The tokens by descending logit, ties by number; those that hardly count follow by number alone.
    private static func descending(_ logits: UnsafeBufferPointer<Float>) -> [Int32] {
        let threshold = logits.max()! - 12
        let tokens = 0..<Int32(logits.count)
        let likely = tokens.filter { logits[Int($0)] >= threshold }.sorted {
            let (a, b) = (logits[Int($0)], logits[Int($1)])
            return a > b || a == b && $0 < $1
        }
        return likely + tokens.filter { logits[Int($0)] < threshold }
    }

    /// Compares a model's prediction with the kept one.
    func compare(logits: UnsafeBufferPointer<Float>, token: Int32) -> LogitComparison {
        let logSum = LogProbability.logSumExp(logits)
        func term(_ logP: Double, _ token: Int32) -> Double {
            let difference = Double(logits[Int(token)]) - logSum - logP
            return difference.exponential - 1 - difference
        }
        var sum = 0.0
        for (token, steps) in zip(tokens, steps) {
            let logP = -Double(steps) / Double(PredictionRows.stepsPerNat)
            sum += logP.exponential * term(logP, token)
        }
        var tail = 0.0
        for (token, logP) in zip(sample, sampleLogProbabilities) { tail += term(Double(logP), token) }
        if !sample.isEmpty { sum += Double(tailMass) * tail / Double(sample.count) }
        return LogitComparison(
            divergence: sum, referenceLogProbability: logProbability,
            logProbability: Double(logits[Int(token)]) - logSum,
            agrees: Int(best) == LogProbability.mostProbable(logits))
    }
}
