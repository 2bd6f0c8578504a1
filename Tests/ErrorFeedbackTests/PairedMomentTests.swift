import ErrorFeedback
import Numerics
import Parallelism
import Testing

@Suite("Inputs of two models")
struct PairedMomentTests {
    private func values(_ count: Int, seed: UInt64) -> [Float] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
    }

    private func moments(
        columns: Int, _ inputs: [Float], _ references: [Float], weights: [Float]? = nil, count: Int, first: Int = 0,
        stride: Int, threadCount: Int = 1
    ) throws -> PairedMoments {
        try inputs.withUnsafeBufferPointer { inputs in
            try references.withUnsafeBufferPointer { references in
                try PairedMoments(
                    columns: columns,
                    PairedMoments.Rows(
                        inputs: inputs.baseAddress! + first, references: references.baseAddress! + first,
                        weights: weights, count: count, stride: stride),
                    parallel: Parallel(threadCount: threadCount))
            }
        }
    }

    /// To 8 bits, ties to even.
    private func rounded(_ value: Float) -> Double {
        guard value != 0 else { return 0 }
        let unit = value.ulp * 65536
        return Double((value / unit).rounded(.toNearestOrEven) * unit)
    }

    @Test(
        "are summed as bfloat16, by their weights, whatever the threads",
        arguments: [(count: 3, columns: 7), (301, 300), (2501, 40), (0, 32)])
    func sums(shape: (count: Int, columns: Int)) throws {
        // Some columns of wider rows.
        let (first, stride) = (5, shape.columns + 8)
        let inputs = values(max(1, shape.count) * stride, seed: 1)
        let weights = values(shape.count, seed: 2)
        func sums(threadCount: Int) throws -> SecondMoments {
            try moments(
                columns: shape.columns, inputs, inputs, weights: weights, count: shape.count, first: first,
                stride: stride, threadCount: threadCount
            ).moments
        }
        let found = try sums(threadCount: 1)
        #expect(found.rowCount == shape.count)
        let last = shape.columns - 1
        for (row, column) in [(0, 0), (1, last), (last, 1), (last, last), (last, last / 2)] {
            let products = (0..<shape.count).map {
                let line = $0 * stride + first
                return rounded(inputs[line + row] * weights[$0]) * rounded(inputs[line + column] * weights[$0])
            }
            let (sum, size) = products.reduce((0.0, 0.0)) { ($0.0 + $1, $0.1 + abs($1)) }
            #expect(abs(Double(found.values[row * shape.columns + column]) - sum) <= 1e-5 * size)
        }
        #expect(try sums(threadCount: 3).values == found.values)
    }

    @Test("give weights that answer to the one as the original's did to the other")
    func correction() throws {
        let (columns, count, rowCount) = (48, 400, 3)
        let inputs = values(count * columns, seed: 3)
        // References are the inputs and some of their neighbours.
        let references = inputs.indices.map { inputs[$0] + 0.2 * inputs[$0 / columns * columns + ($0 + 1) % columns] }
        let weights = values(rowCount * columns, seed: 4)
        func answers(_ weights: [Float], _ inputs: [Float]) -> [Float] {
            (0..<count * rowCount).map { index in
                (0..<columns).reduce(0) {
                    $0 + weights[index % rowCount * columns + $1] * inputs[index / rowCount * columns + $1]
                }
            }
        }
        func distance(_ corrected: [Float]) -> Float {
            zip(answers(corrected, inputs), answers(weights, references)).reduce(0) {
                $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
            }
        }
        let pair = try moments(columns: columns, inputs, references, count: count, stride: columns)
        let factor = try #require(pair.factor(damping: 1e-5))
        var corrected = weights
        try pair.correction(factor, parallel: Parallel(threadCount: 2))
            .apply(to: &corrected, rowCount: rowCount, share: 1, parallel: Parallel(threadCount: 2))
        #expect(distance(corrected) < 1e-4 * distance(weights))
    }

    @Test("have no factor where there is nothing to see")
    func nothing() throws {
        let zeros = [Float](repeating: 0, count: 64)
        #expect(try moments(columns: 32, zeros, zeros, count: 2, stride: 32).factor(damping: 0.1) == nil)
    }
}
