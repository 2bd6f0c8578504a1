import CSIMD
import Numerics
import Testing

@Suite("Products in bfloat16")
struct PanelTests {
    /// A matrix of rows, and those rounded to 8 bits, ties to even.
    private struct Matrix {
        let rows: Int
        let columns: Int
        let values: [Float]

        init(_ rows: Int, _ columns: Int, seed: UInt64) {
            var random = SeededRandom(seed: seed)
            (self.rows, self.columns) = (rows, columns)
            values = (0..<rows * columns).map { _ in Float.random(in: -1...1, using: &random) }
        }

        func rounded(_ row: Int, _ column: Int) -> Double { PanelTests.rounded(values[row * columns + column]) }
    }

    private static func rounded(_ value: Float) -> Double {
        let unit = value.ulp * 65536
        return Double((value / unit).rounded(.toNearestOrEven) * unit)
    }

    /// As exact as sums in single precision are.
    private func isSum(_ value: Float, of terms: [Double]) -> Bool {
        abs(Double(value) - terms.reduce(0, +)) <= 1e-5 * terms.reduce(0) { $0 + abs($1) }
    }

    /// Room that holds no zeros.
    private func panels(_ vectorCount: Int, length: Int) -> BFloat16Panels {
        let count = BFloat16Panels.wordCount(vectorCount: vectorCount, length: length)
        return BFloat16Panels(FloatBuffer(repeating: .nan, count: count), length: length)
    }

    private func panels(rowsOf matrix: Matrix) -> BFloat16Panels {
        let panels = panels(matrix.rows, length: matrix.columns)
        panels.fill(rows: 0..<matrix.rows, from: matrix.values, stride: matrix.columns, length: matrix.columns)
        return panels
    }

    private func tile() -> FloatBuffer {
        FloatBuffer(repeating: .nan, count: BFloat16Panels.tileLength * BFloat16Panels.tileLength)
    }

    @Test(
        "of rows are those of the rounded numbers",
        arguments: [(1, 1, 1), (5, 7, 3), (8, 32, 64), (17, 300, 33), (300, 40, 290)])
    func rows(count: Int, otherCount: Int, length: Int) {
        let (left, right) = (Matrix(count, length, seed: 1), Matrix(otherCount, length, seed: 2))
        let (a, b) = (panels(rowsOf: left), panels(rowsOf: right))
        let tile = tile()
        var seen = 0
        a.forEachProduct(
            0..<count, with: b, 0..<otherCount, length: length, tile: tile.base
        ) { row, range, products in
            for other in range {
                let expected = (0..<length).map { left.rounded(row, $0) * right.rounded(other, $0) }
                seen += isSum(products[other - range.lowerBound], of: expected) ? 1 : 0
            }
        }
        #expect(seen == count * otherCount)
    }

    @Test("of columns are those of the rounded numbers", arguments: [(1, 1), (7, 40), (301, 19), (600, 256)])
    func columns(rowCount: Int, columns: Int) {
        let matrix = Matrix(rowCount, columns, seed: 3)
        let tile = tile()
        let panels = panels(columns, length: rowCount)
        matrix.values.withUnsafeBufferPointer { values in
            panels.fill(columns: 0..<columns, length: rowCount) { row, column, mask in
                csimd_load_where(mask, values.baseAddress! + (row * columns + column))
            }
        }
        var seen = 0
        panels.forEachProduct(
            0..<columns, with: panels, 0..<columns, length: rowCount, tile: tile.base
        ) { first, range, products in
            for second in range {
                let expected = (0..<rowCount).map { matrix.rounded($0, first) * matrix.rounded($0, second) }
                seen += isSum(products[second - range.lowerBound], of: expected) ? 1 : 0
            }
        }
        #expect(seen == columns * columns)
    }

    @Test("are the same with and without the processor's own instruction")
    func instruction() {
        var random = SeededRandom(seed: 4)
        func lanes() -> SIMD16<Float> { SIMD16((0..<16).map { _ in Float.random(in: -1...1, using: &random) }) }
        let (first, second, sum) = (lanes(), lanes(), lanes())
        let (a, b) = (csimd_pair_bfloats(first, second), csimd_pair_bfloats(lanes(), lanes()))
        for lane in 0..<16 {
            #expect(Double(Float(bitPattern: a[lane] << 16)) == Self.rounded(first[lane]))
            #expect(Double(Float(bitPattern: a[lane] & 0xffff_0000)) == Self.rounded(second[lane]))
        }
        let (own, portable) = (csimd_add_pair_products(sum, a, b), csimd_add_pair_products_portably(sum, a, b))
        #expect(own == portable)
    }
}
