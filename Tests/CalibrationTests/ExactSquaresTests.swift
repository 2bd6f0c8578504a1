import Calibration
import Numerics
import Testing

/// Sums of squares that do not depend on their order.
@Suite struct ExactSquaresTests {
    private static func squares(_ rows: [[Float]]) -> ExactSquares {
        var squares = ExactSquares(count: rows.first?.count ?? 0)
        squares.addRows(rows.flatMap { $0 }, count: rows.count)
        return squares
    }

    /// Numbers whose squares are multiples of the unit, so that sums are exact.
    @Test func sumsThatAreKnown() {
        #expect(Self.squares([[3, -0.5], [4, 0.25]]).value(at: 0) == 25)
        #expect(Self.squares([[3, -0.5], [4, 0.25]]).value(at: 1) == 0.3125)
        // Of 1000² + 2⁻⁷² and 4096² + 2⁻⁷² single precision has the first terms alone, and the sums both.
        for large: Float in [1000, 4096] {
            let squares = Self.squares([[large], [0x1p-36]])
            #expect(squares.sums[0] == Int128(large * large) << 72 + 1)
            #expect(squares.value(at: 0) == large * large)
        }
        // A quarter of a unit.
        #expect(Self.squares([[0x1p-37]]).sums[0] == 0)
    }

    /// Rows in another order, and in stretches of any length, come to the same bits.
    @Test func noOrderChangesSums() {
        var random = SeededRandom(seed: 7)
        let rows = (0..<9000).map { _ in
            (0..<5).map { column in
                Float.random(in: -1...1, using: &random) * [1e-9, 1e-3, 1, 900, 1e5][column]
            }
        }
        let expected = Self.squares(rows)
        #expect(expected == Self.squares(rows.reversed()))
        for length in [1, 7, 64, 4096, 5000] {
            var sum = ExactSquares(count: 5)
            for start in stride(from: 0, to: rows.count, by: length) {
                sum.add(Self.squares(Array(rows[start..<min(rows.count, start + length)])))
            }
            #expect(sum == expected, "\(length)")
        }
        for column in 0..<5 {
            let plain = rows.reduce(0.0) { $0 + Double($1[column]) * Double($1[column]) }
            #expect(abs(Double(expected.value(at: column)) - plain) <= plain * 1e-6)
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity, 1e30]) func whatHasNoSum(number: Float) {
        #expect(!Self.squares([[1, number]]).isFinite)
        #expect(Self.squares([[1, 1e8]]).isFinite)
    }
}
