import Numerics
import Testing

@Suite("Products of whole numbers")
struct IntegerPanelTests {
    struct Form: Sendable, CustomTestStringConvertible {
        let groupLength: Int
        let lowest: Int
        let greatest: Int
        let hasOffsets: Bool

        var testDescription: String { "groups of \(groupLength), \(greatest)\(hasOffsets ? " and offsets" : "")" }

        func layout(_ columns: Int) -> IntegerLayout {
            IntegerLayout(
                columns: columns, groupLength: groupLength, lowest: lowest, greatest: greatest, hasOffsets: hasOffsets)
        }
    }

    /// What fits in 16 bits several times, once, and not at all.
    static let forms = [
        Form(groupLength: 32, lowest: 0, greatest: 15, hasOffsets: true),
        Form(groupLength: 32, lowest: -16, greatest: 31, hasOffsets: false),
        Form(groupLength: 32, lowest: -31, greatest: 62, hasOffsets: true),
        Form(groupLength: 32, lowest: -62, greatest: 124, hasOffsets: false),
        Form(groupLength: 32, lowest: -64, greatest: 128, hasOffsets: false),
        Form(groupLength: 32, lowest: -128, greatest: 255, hasOffsets: false),
        Form(groupLength: 16, lowest: 0, greatest: 3, hasOffsets: true),
        Form(groupLength: 16, lowest: -32, greatest: 63, hasOffsets: false),
        Form(groupLength: 16, lowest: -43, greatest: 86, hasOffsets: false),
        Form(groupLength: 16, lowest: -128, greatest: 255, hasOffsets: false),
    ]
    static let shapes = [(1, 1, 32), (5, 17, 64), (9, 16, 544), (16, 40, 1056), (37, 33, 256)]

    /// Rows of weights, and what they stand for.
    private struct Weights {
        let layout: IntegerLayout
        let panels: IntegerPanels
        let values: [[Double]]

        init(_ rows: Int, _ layout: IntegerLayout, isExtreme: Bool = false) {
            self.layout = layout
            var random = SeededRandom(seed: 5)
            let numbers = (0..<rows * layout.columns).map { _ in
                UInt8(isExtreme ? layout.greatest : Int.random(in: 0...layout.greatest, using: &random))
            }
            let count = rows * layout.groupCount
            let scales = (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
            let offsets = (0..<count).map { _ in layout.hasOffsets ? Float.random(in: -9...9, using: &random) : 0 }
            values = (0..<rows).map { row in
                (0..<layout.columns).map { column in
                    let group = row * layout.groupCount + column / layout.groupLength
                    let number = Int(numbers[row * layout.columns + column]) + layout.lowest
                    return Double(scales[group]) * Double(number) + Double(offsets[group])
                }
            }
            // The room holds no zeros.
            let wordCount = IntegerPanels.wordCount(rowCount: rows, layout)
            panels = IntegerPanels(FloatBuffer(repeating: .nan, count: wordCount + 16), offset: 16, layout)
            for start in stride(from: 0, to: rows, by: 16) {
                let end = min(rows, start + 16)
                panels.fill(
                    rows: start..<end, numbers: Array(numbers[start * layout.columns..<end * layout.columns]),
                    scales: Array(scales[start * layout.groupCount..<end * layout.groupCount]),
                    offsets: Array(offsets[start * layout.groupCount..<end * layout.groupCount]))
            }
        }

        func products(_ input: [Float], rowCount: Int) -> [Float] {
            let stride = values.count + 3
            var output = [Float](repeating: .nan, count: rowCount * stride)
            let room = FloatBuffer(
                repeating: .nan, count: IntegerRows.wordCount(rowCount: rowCount, layout))
            panels.multiply(
                IntegerRows(rounding: input, rowCount: rowCount, for: layout, in: room), outputs: values.count,
                into: &output, stride: stride)
            for row in 0..<rowCount {
                let gap = output[row * stride + values.count..<(row + 1) * stride]
                #expect(gap.allSatisfy { $0.isNaN })
            }
            return (0..<rowCount).flatMap { output[$0 * stride..<$0 * stride + values.count] }
        }
    }

    private static func input(_ rows: Int, _ columns: Int) -> [Float] {
        var random = SeededRandom(seed: 6)
        // The groups of a row are of different sizes, and one in seven is zero.
        return (0..<rows * columns).map { place in
            let size = Float(place / 32 % 7) * 0.3
            return size * Float.random(in: -1...1, using: &random)
        }
    }

    /// 127 times a value over the greatest magnitude in its 32 columns, rounded: the definition.
    private static func rounded(_ row: ArraySlice<Float>) -> [Double] {
        stride(from: row.startIndex, to: row.endIndex, by: 32).flatMap { start in
            let group = row[start..<start + 32]
            let greatest = group.map(\.magnitude).max() ?? 0
            return group.map { value in
                greatest == 0 ? 0 : Double((value * (127 / greatest)).rounded(.toNearestOrEven) * (greatest / 127))
            }
        }
    }

    @Test("are those of the rounded inputs", arguments: forms)
    func areSums(form: Form) {
        for (rows, outputs, columns) in Self.shapes {
            let weights = Weights(outputs, form.layout(columns))
            let input = Self.input(rows, columns)
            let found = weights.products(input, rowCount: rows)
            var worst = 0.0
            for row in 0..<rows {
                let inputs = Self.rounded(input[row * columns..<(row + 1) * columns])
                for output in 0..<outputs {
                    let terms = zip(inputs, weights.values[output]).map { $0 * $1 }
                    // Levels are counted from the lowest, so the magnitudes of numbers are what sums may lose digits of.
                    let size = terms.reduce(0) { $0 + abs($1) }
                    let error = abs(Double(found[row * outputs + output]) - terms.reduce(0, +))
                    worst = max(worst, size > 0 ? error / size : error)
                }
            }
            #expect(worst < 4e-6, "\(rows) × \(outputs) × \(columns)")
        }
    }

    @Test("of the greatest numbers do not overflow", arguments: forms)
    func extremes(form: Form) {
        let columns = 288
        let weights = Weights(16, form.layout(columns), isExtreme: true)
        for sign in [Float(1), -1] {
            let found = weights.products([Float](repeating: sign, count: columns), rowCount: 1)
            for (output, values) in weights.values.enumerated() {
                let size = values.reduce(0) { $0 + abs($1) }
                #expect(abs(Double(found[output]) - Double(sign) * values.reduce(0, +)) < 4e-6 * size)
            }
        }
    }

    @Test("do not depend on the rows beside them", arguments: forms)
    func areIndependent(form: Form) {
        for (rows, outputs, columns) in Self.shapes {
            let weights = Weights(outputs, form.layout(columns))
            let input = Self.input(rows, columns)
            let whole = weights.products(input, rowCount: rows)
            for (start, count) in [(0, 1), (rows - 1, 1), (rows / 2, rows - rows / 2), (rows / 3, rows / 2)]
            where count > 0 {
                let part = Array(input[start * columns..<(start + count) * columns])
                #expect(
                    weights.products(part, rowCount: count) == Array(whole[start * outputs..<(start + count) * outputs])
                )
            }
        }
    }

    @Test("of what is not finite are not finite", arguments: [Float.infinity, -.infinity, .nan])
    func nonFinite(value: Float) {
        let weights = Weights(3, Self.forms[0].layout(96))
        var input = [Float](repeating: 1, count: 2 * 96)
        input[40] = value
        let found = weights.products(input, rowCount: 2)
        #expect(found[..<3].allSatisfy { !$0.isFinite })
        #expect(found[3...].allSatisfy { $0.isFinite })
    }
}
