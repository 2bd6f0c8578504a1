import Evaluation
import Foundation

/// What was measured of one file.
struct Measured {
    /// Over the texts of the models' own domain.
    let own: Divergence
    let general: Divergence
    let ownPerplexity: Double
    let generalPerplexity: Double
    /// Of all quantized tensors.
    let error: WeightError

    init(_ results: [EvaluationResult], ownCount: Int, error: WeightError) {
        own = Divergence(results[..<ownCount].flatMap(\.comparisons))
        general = Divergence(results[ownCount...].flatMap(\.comparisons))
        func perplexity(_ results: ArraySlice<EvaluationResult>) -> Double {
            let tokens = results.flatMap(\.comparisons)
            return exp(-tokens.reduce(0) { $0 + $1.logProbability } / Double(tokens.count))
        }
        ownPerplexity = perplexity(results[..<ownCount])
        generalPerplexity = perplexity(results[ownCount...])
        self.error = error
    }
}

/// One model in one type.
struct Row {
    let model: String
    let type: String
    let byteCount: Int
    let ours: Measured
    let peer: Measured?

    static let header = """
        | model | type | bytes | KL ÷ llama.cpp's: own | general | KL own | llama.cpp | general | llama.cpp \
        | perplexity own | llama.cpp | general | llama.cpp | weight error | llama.cpp | gain | llama.cpp |
        |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
        """

    var logRatios: [Double] {
        guard let peer else { return [] }
        return [
            log(ours.own.divergence.mean / peer.own.divergence.mean),
            log(ours.general.divergence.mean / peer.general.divergence.mean),
        ]
    }

    var markdown: String {
        let ratios = peer == nil ? ["", ""] : logRatios.map { Self.figure(exp($0), 3) }
        func pair(_ value: (Measured) -> Double, _ decimals: Int) -> [String] {
            [Self.figure(value(ours), decimals), peer.map { Self.figure(value($0), decimals) } ?? ""]
        }
        let cells =
            [model, type, String(byteCount)] + ratios + pair({ $0.own.divergence.mean }, 5)
            + pair({ $0.general.divergence.mean }, 5) + pair({ $0.ownPerplexity }, 4)
            + pair({ $0.generalPerplexity }, 3) + pair({ $0.error.weightedRelativeRMSE }, 4)
            + pair({ $0.error.gain }, 3)
        return "| " + cells.joined(separator: " | ") + " |"
    }

    static func figure(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }
}
