import Numerics
import Testing

@Suite("Products of rows")
struct RowProductTests {
    /// Shapes around the sizes of tiles and of the pieces of sums.
    static let shapes = [
        (1, 1, 1), (1, 33, 7), (5, 16, 8), (6, 31, 255), (7, 32, 256), (12, 17, 257), (13, 64, 300), (24, 40, 512),
        (61, 95, 515),
    ]

    private static func values(_ count: Int, seed: UInt64) -> [Float] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
    }

    private static func products(_ input: [Float], _ rows: Int, _ weights: [Float], _ outputs: Int, _ columns: Int)
        -> [Float]
    {
        // Neither the room nor the gaps between rows of products hold zeros.
        let stride = outputs + 3
        var output = [Float](repeating: .nan, count: rows * stride)
        let room = FloatBuffer(repeating: .nan, count: RowProducts.roomCount(rowCount: rows))
        RowProducts.multiply(
            input, rowCount: rows, with: weights, outputs: outputs, columns: columns, into: &output, stride: stride,
            room: room.base)
        for row in 0..<rows {
            let isUntouched = output[(row * stride + outputs)..<(row + 1) * stride].allSatisfy { $0.isNaN }
            #expect(isUntouched)
        }
        return (0..<rows).flatMap { output[$0 * stride..<$0 * stride + outputs] }
    }

    @Test("are sums of the columns in their order, 256 at a time", arguments: shapes)
    func areSums(rows: Int, outputs: Int, columns: Int) {
        let input = Self.values(rows * columns, seed: 1)
        let weights = Self.values(outputs * columns, seed: 2)
        let found = Self.products(input, rows, weights, outputs, columns)
        for row in 0..<rows {
            for output in 0..<outputs {
                let terms = (0..<columns).map {
                    Double(input[row * columns + $0]) * Double(weights[output * columns + $0])
                }
                let error = abs(Double(found[row * outputs + output]) - terms.reduce(0, +))
                #expect(error <= 1e-6 * terms.reduce(0) { $0 + abs($1) })
            }
        }
    }

    @Test("do not depend on the rows beside them", arguments: shapes)
    func areIndependent(rows: Int, outputs: Int, columns: Int) {
        let input = Self.values(rows * columns, seed: 3)
        let weights = Self.values(outputs * columns, seed: 4)
        let whole = Self.products(input, rows, weights, outputs, columns)
        for (start, count) in [(0, 1), (rows - 1, 1), (rows / 2, rows - rows / 2), (rows / 3, rows / 2)] where count > 0
        {
            let part = Array(input[start * columns..<(start + count) * columns])
            let found = Self.products(part, count, weights, outputs, columns)
            #expect(found == Array(whole[start * outputs..<(start + count) * outputs]))
        }
        // Nor on the outputs beside them.
        let half = (outputs + 1) / 2
        let found = Self.products(input, rows, Array(weights[..<(half * columns)]), half, columns)
        for row in 0..<rows {
            #expect(found[row * half..<(row + 1) * half].elementsEqual(whole[row * outputs..<row * outputs + half]))
        }
    }
}
