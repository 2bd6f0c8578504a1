import Evaluation
import Runtime
import Testing

/// Expected values: numpy 2.4 in float64 (softmax, quantile, std with ddof 1, corrcoef, cov).
@Suite struct DivergenceTests {
    @Test func oneTokenAgainstNumpy() {
        let reference: [Float] = [
            0.002, 0.597, -0.548, -1.781, -0.909, -1.983, 0.12, 2.68, -0.984, -1.241, 0.98, 0.714, 0.211, -1.861,
            -0.059,
            1.391, -2.688, -0.915, -3.802, -2.579, -3.683, -0.47, -2.535, 0.543, 0.314, -0.374, -5.034, -1.077, -0.097,
            0.227, -3.06, -0.956, -1.957, -1.618, 2.122, -1.615, -0.065, 1.769, -1.167, -0.223,
        ]
        let logits: [Float] = [
            0.057, 0.629, -1.161, -1.743, -0.23, -2.757, 0.55, 2.74, -1.305, -0.241, 1.361, 0.114, 0.248, -1.573,
            -0.153,
            1.732, -2.721, -0.581, -3.083, -2.917, -3.581, -0.702, -2.471, -0.051, 0.024, -0.472, -4.585, -0.504,
            -0.759,
            -0.17, -2.737, -1.952, -2.189, -1.667, 2.751, -1.27, -0.229, 1.585, -1.292, 0.539,
        ]
        let comparison = reference.withUnsafeBufferPointer { reference in
            logits.withUnsafeBufferPointer { LogitComparison(reference: reference, logits: $0, token: 7) }
        }
        #expect(abs(comparison.divergence - 0.07180292051856763) < 1e-7)
        #expect(abs(comparison.referenceLogProbability + 1.3516647290539145) < 1e-6)
        #expect(abs(comparison.logProbability + 1.4427431537838418) < 1e-6)
        #expect(!comparison.agrees)
    }

    @Test func sameLogitsAreNoDivergence() {
        let logits = (0..<1000).map { Float($0 % 37) / 3 }
        let comparison = logits.withUnsafeBufferPointer { LogitComparison(reference: $0, logits: $0, token: 0) }
        #expect(comparison.divergence == 0 && comparison.agrees)
    }

    private static let tokens = zip(
        [-0.1, -2, -0.7, -3, -1.2, -0.05], [-0.2, -1.8, -0.9, -3.5, -1.1, -0.06]
    ).enumerated().map { index, pair in
        LogitComparison(
            divergence: [3, -1, 4, 1, -5, 9][index], referenceLogProbability: pair.0, logProbability: pair.1,
            agrees: index < 4)
    }

    @Test func statisticsAgainstNumpy() {
        let result = Divergence(Self.tokens)
        func expect(_ value: MeanWithError, _ mean: Double, _ error: Double) {
            #expect(abs(value.mean - mean) < 1e-12 && abs(value.error - error) < 1e-12)
        }
        expect(result.logRatio, 0.08500000000000003, 0.10111874208078342)
        expect(result.perplexityDifference, 0.287278543527421, 0.42575769014443243)
        expect(result.probabilityChange, -0.023922734683324592, 0.02195295899710406)
        expect(result.probabilityChangeRMS, 0.054607318908470516, 0.013910727073630549)
        expect(result.agreement, 2.0 / 3, 0.21081851067789195)
        #expect(abs(result.correlation - 0.9833969422657073) < 1e-12)
    }

    @Test(arguments: [(0, -5.0), (0.001, -4.972), (0.1, -2.2), (0.5, 2.5), (0.75, 4.5), (0.999, 8.979), (1, 9)])
    func quantilesAgainstNumpy(part: Double, expected: Double) {
        let values = [3.0, -1, 4, 1, -5, 9, 2, 6].map {
            LogitComparison(divergence: $0, referenceLogProbability: -1, logProbability: -1, agrees: true)
        }
        let result = Divergence(values)
        #expect(abs(result.divergences.quantile(part) - expected) < 1e-12)
        #expect(result.divergence.mean == 2.375 && abs(result.divergence.error - 1.5111194998600022) < 1e-12)
    }

    @Test func oneTokenHasNoError() {
        let result = Divergence(Self.tokens[..<1])
        #expect(result.divergence.error == 0 && result.logRatio.error == 0 && result.agreement.error == 0)
        #expect(result.correlation == 1 && result.divergences.median == 3)
    }
}
