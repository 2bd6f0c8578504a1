import FoundationEssentials
import Runtime

/// The scores of a window as a line of JSON.
struct ScoreLine: Codable {
    private struct Model: Codable {
        var logProbabilities: [Double]
        var divergences: [Double]?
        var referenceLogProbabilities: [Double]?
        var agrees: [Bool]?
    }

    /// The number of the window's text in the run.
    let text: Int
    private let number: Int
    private let bytes: [Int]
    private let characters: [Int]
    private let models: [Model]

    private enum CodingKeys: String, CodingKey {
        case text, bytes, characters, models
        case number = "window"
    }

    init(_ window: WindowScores, ofText text: Int) {
        self.text = text
        number = window.number
        bytes = window.byteCounts
        characters = window.characterCounts
        models = window.scores.map { scores in
            let comparisons = scores.compactMap(\.comparison)
            let isCompared = !comparisons.isEmpty
            return Model(
                logProbabilities: scores.map(\.logProbability),
                divergences: isCompared ? comparisons.map(\.divergence) : nil,
                referenceLogProbabilities: isCompared ? comparisons.map(\.referenceLogProbability) : nil,
                agrees: isCompared ? comparisons.map(\.agrees) : nil)
        }
    }

    /// - Returns: nil if it is no such line.
    init?(encoded line: some Sequence<UInt8>) {
        guard let value = try? JSONDecoder().decode(Self.self, from: Data(line)) else { return nil }
        self = value
    }

    /// The line, without its end; nil if a score is not finite.
    var encoded: [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(self)).map(Array.init)
    }

    /// The window; nil if its lists are not of one length.
    var window: WindowScores? {
        let count = bytes.count
        guard characters.count == count else { return nil }
        var scores: [[TokenScore]] = []
        for model in models {
            guard model.logProbabilities.count == count else { return nil }
            let comparisons: [LogitComparison]
            if let divergences = model.divergences, let reference = model.referenceLogProbabilities,
                let agrees = model.agrees
            {
                guard [divergences.count, reference.count, agrees.count].allSatisfy({ $0 == count }) else { return nil }
                comparisons = (0..<count).map {
                    LogitComparison(
                        divergence: divergences[$0], referenceLogProbability: reference[$0],
                        logProbability: model.logProbabilities[$0], agrees: agrees[$0])
                }
            } else {
                comparisons = []
            }
            scores.append(
                (0..<count).map {
                    TokenScore(
                        logProbability: model.logProbabilities[$0],
                        comparison: comparisons.isEmpty ? nil : comparisons[$0])
                })
        }
        return WindowScores(number: number, byteCounts: bytes, characterCounts: characters, scores: scores)
    }
}
