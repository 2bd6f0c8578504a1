import Numerics
import Platform

/// A random choice of tokens by their logits.
///
/// Equal options, logits and histories give equal tokens: the random numbers are part of the value.
public struct Sampler: Sendable {
    /// A token that can be chosen.
    public struct Candidate: Sendable, Equatable {
        /// The id of the token.
        public let token: Int32
        /// The probability with which it is chosen, from 0 to 1.
        public let probability: Double
    }

    /// The options by which tokens are chosen.
    public let options: SamplingOptions
    private var random: SeededRandom

    /// Makes a sampler whose random numbers begin at the seed of the options.
    public init(_ options: SamplingOptions) {
        self.options = options
        random = SeededRandom(seed: options.seed)
    }

    /// Chooses the next token.
    ///
    /// - Parameters:
    ///   - logits: one for each token of the vocabulary.
    ///   - history: the tokens before, of the prompt too, for the repetition penalty.
    /// - Throws: ``RuntimeError`` if no finite logit is the greatest.
    public mutating func next(logits: [Float], history: some Sequence<Int32>) throws -> Int32 {
        let candidates = try distribution(logits: logits, history: history)
        guard candidates.count > 1 else { return candidates[0].token }
        // 53 random bits are what a float64 between 0 and 1 can hold.
        var rest = Double(random.next() >> 11) * 0x1p-53
        for candidate in candidates {
            rest -= candidate.probability
            if rest < 0 { return candidate.token }
        }
        // Rounding can leave a rest; it belongs to the last one.
        return candidates[candidates.count - 1].token
    }

    /// The tokens that can be chosen next, with probabilities that add up to 1.
    ///
    /// Of several equally probable tokens that a limit could leave out, those with the smallest ids stay. The order is
    /// by probability, from the greatest on, if ``SamplingOptions/topP`` restricts the choice, else by id.
    ///
    /// - Parameters:
    ///   - logits: one for each token of the vocabulary.
    ///   - history: the tokens before, of the prompt too, for the repetition penalty.
    /// - Throws: ``RuntimeError`` if no finite logit is the greatest.
    public func distribution(logits: [Float], history: some Sequence<Int32>) throws -> [Candidate] {
        var scores = logits
        penalize(&scores, history)
        for token in options.excluded where scores.indices.contains(Int(token)) { scores[Int(token)] = -.infinity }
        let best = scores.indices.reduce(0) { scores[$0] < scores[$1] ? $1 : $0 }
        guard scores[best].isFinite else { throw RuntimeError(.nonFiniteActivation, place: "logits") }
        guard options.temperature > 0 else { return [Candidate(token: Int32(best), probability: 1)] }

        let temperature = Float(options.temperature)
        for index in scores.indices { scores[index] /= temperature }
        guard scores[best].isFinite else { return [Candidate(token: Int32(best), probability: 1)] }
        let least = options.topK > 0 ? Self.greatest(options.topK, of: scores) : -.infinity
        let maximum = Double(scores[best])
        // Relative to the most probable token.
        var weights: [(token: Int32, weight: Double)] = []
        for (index, score) in scores.enumerated() where score >= least {
            let weight = exp(Double(score) - maximum)
            if weight > 0 { weights.append((Int32(index), weight)) }
        }
        if options.topP < 1 { Self.keepMass(options.topP, of: &weights) }
        if options.minP > 0 { weights.removeAll { $0.weight < options.minP } }
        let total = weights.reduce(0) { $0 + $1.weight }
        return weights.map { Candidate(token: $0.token, probability: $0.weight / total) }
    }

    private func penalize(_ scores: inout [Float], _ history: some Sequence<Int32>) {
        guard options.repetitionPenalty != 1 else { return }
        let penalty = Float(options.repetitionPenalty)
        var isDone = [Bool](repeating: false, count: scores.count)
        for token in history where isDone.indices.contains(Int(token)) && !isDone[Int(token)] {
            let index = Int(token)
            isDone[index] = true
            scores[index] = scores[index] < 0 ? scores[index] * penalty : scores[index] / penalty
        }
    }

    /// The `count`-th greatest score, or the least if there are not so many.
    private static func greatest(_ count: Int, of scores: [Float]) -> Float {
        guard count < scores.count else { return -.infinity }
        // A heap of the greatest ones, the least of them on top.
        var heap = Array(scores[..<count])
        func sink(_ start: Int) {
            var parent = start
            while true {
                var child = 2 * parent + 1
                guard child < count else { return }
                if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < heap[parent] else { return }
                heap.swapAt(parent, child)
                parent = child
            }
        }
        for parent in stride(from: count / 2 - 1, through: 0, by: -1) { sink(parent) }
        for score in scores[count...] where score > heap[0] {
            heap[0] = score
            sink(0)
        }
        return heap[0]
    }

    /// Keeps the most probable tokens whose mass reaches `mass`, and sorts them.
    private static func keepMass(_ mass: Double, of weights: inout [(token: Int32, weight: Double)]) {
        let total = weights.reduce(0) { $0 + $1.weight }
        // Tokens this rare could all be left out together; there is no need to sort them. Half of it is for rounding.
        let rare = 0.5 * (1 - mass) * total / Double(weights.count)
        weights.removeAll { $0.weight < rare }
        weights.sort { $0.weight > $1.weight || $0.weight == $1.weight && $0.token < $1.token }
        var sum = 0.0
        var count = 0
        while count < weights.count, count == 0 || sum < mass * total {
            sum += weights[count].weight
            count += 1
        }
        weights.removeSubrange(count...)
    }
}
