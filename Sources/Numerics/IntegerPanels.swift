import CSIMD

/// How weights are whole numbers: scale · (lowest + number) + offset, where neighbouring columns share scale and offset.
package struct IntegerLayout: Sendable, Hashable {
    /// The number of values in a row, a multiple of 32.
    package let columns: Int
    /// The columns that share a scale: 16 or 32.
    package let groupLength: Int
    /// The whole number that a number of 0 stands for.
    package let lowest: Int
    /// The greatest number, at most 255.
    package let greatest: Int
    /// Whether groups have offsets.
    package let hasOffsets: Bool

    /// Describes rows of weights.
    ///
    /// - Parameters:
    ///   - columns: The number of values in a row, a multiple of 32.
    ///   - groupLength: The columns that share a scale: 16 or 32.
    ///   - lowest: The whole number that a number of 0 stands for.
    ///   - greatest: The greatest number, at most 255.
    ///   - hasOffsets: Whether groups have offsets.
    package init(columns: Int, groupLength: Int, lowest: Int, greatest: Int, hasOffsets: Bool) {
        precondition(columns % 32 == 0 && (groupLength == 16 || groupLength == 32))
        self.columns = columns
        self.groupLength = groupLength
        self.lowest = lowest
        self.greatest = greatest
        self.hasOffsets = hasOffsets
    }

    /// The number of scales in a row.
    package var groupCount: Int { columns / groupLength }

    /// Rows that lie side by side.
    static let blockLength = 16
    /// The 32-bit words of sixteen rows' numbers.
    fileprivate var numberCount: Int { columns * Self.blockLength / 4 }
    /// The words of one value for each group of sixteen rows.
    fileprivate var groupWordCount: Int { groupCount * Self.blockLength }

    static func blockCount(_ rowCount: Int) -> Int { (rowCount + blockLength - 1) / blockLength }
}

/// Rows of weights as whole numbers of 8 bits, laid out for their products with rows of the same kind.
package struct IntegerPanels: @unchecked Sendable {
    private let buffer: FloatBuffer
    private let base: UnsafeMutablePointer<Float>
    /// How the weights are whole numbers.
    package let layout: IntegerLayout

    private static func blockWordCount(_ layout: IntegerLayout) -> Int {
        layout.numberCount + (layout.hasOffsets ? 2 : 1) * layout.groupWordCount
    }

    /// The 32-bit words of memory that `rowCount` rows need.
    package static func wordCount(rowCount: Int, _ layout: IntegerLayout) -> Int {
        IntegerLayout.blockCount(rowCount) * blockWordCount(layout)
    }

    /// Room for rows in a buffer.
    ///
    /// - Parameters:
    ///   - buffer: From the offset on, at least ``wordCount(rowCount:_:)`` words.
    ///   - offset: Where in the buffer the room begins.
    ///   - layout: How the weights are whole numbers.
    package init(_ buffer: FloatBuffer, offset: Int = 0, _ layout: IntegerLayout) {
        self.buffer = buffer
        base = buffer.base + offset
        self.layout = layout
    }

    /// Sixteen rows: their numbers, then their scales, then their offsets.
    private func block(_ row: Int) -> UnsafeMutablePointer<Float> {
        base + row / IntegerLayout.blockLength * Self.blockWordCount(layout)
    }

    /// Fills in rows.
    ///
    /// - Parameters:
    ///   - rows: From a multiple of 16 on.
    ///   - numbers: The numbers of the first of these rows, then those of the next.
    ///   - scales: The scales in the same order.
    ///   - offsets: The offsets in the same order, if the layout has any.
    package func fill(
        rows: Range<Int>, numbers: UnsafePointer<UInt8>, scales: UnsafePointer<Float>, offsets: UnsafePointer<Float>
    ) {
        let length = IntegerLayout.blockLength
        let groups = layout.groupCount
        for start in stride(from: 0, to: rows.count, by: length) {
            let count = Int32(truncatingIfNeeded: min(length, rows.count - start))
            let target = block(rows.lowerBound + start)
            csimd_interleave_words(
                numbers + start * layout.columns, layout.columns, count, layout.columns / 4, Self.words(target))
            let scaleTarget = target + layout.numberCount
            csimd_interleave_words(scales + start * groups, 4 * groups, count, groups, Self.words(scaleTarget))
            guard layout.hasOffsets else { continue }
            csimd_interleave_words(
                offsets + start * groups, 4 * groups, count, groups, Self.words(scaleTarget + layout.groupWordCount))
        }
    }

    fileprivate static func words(_ floats: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt32> {
        UnsafeMutableRawPointer(floats).assumingMemoryBound(to: UInt32.self)
    }

    /// Multiplies rows with these weights.
    ///
    /// - Parameters:
    ///   - input: Rows that were rounded for this layout.
    ///   - outputs: The number of rows of weights.
    ///   - output: Receives `outputs` values for each row of `input`.
    ///   - stride: The number of values from one row of `output` to the next.
    package func multiply(
        _ input: IntegerRows, outputs: Int, into output: UnsafeMutablePointer<Float>, stride: Int
    ) {
        let length = IntegerLayout.blockLength
        let most = length * CSIMD_INTEGER_BLOCKS
        let blocks = Swift.stride(from: 0, to: input.rowCount, by: length).map(input.block)
        blocks.withUnsafeBufferPointer { blocks in
            for top in Swift.stride(from: 0, to: input.rowCount, by: most) {
                for column in Swift.stride(from: 0, to: outputs, by: length) {
                    let numbers = block(column)
                    let scales = numbers + layout.numberCount
                    var weights = csimd_integer_weights(
                        numbers: Self.words(numbers), scales: scales,
                        offsets: layout.hasOffsets ? scales + layout.groupWordCount : nil)
                    csimd_multiply_integers(
                        blocks.baseAddress! + top / length, Int32(truncatingIfNeeded: min(most, input.rowCount - top)),
                        &weights, layout.columns, Int32(truncatingIfNeeded: layout.groupLength),
                        Int32(truncatingIfNeeded: layout.greatest), output + (top * stride + column), stride,
                        Int32(truncatingIfNeeded: min(length, outputs - column)))
                }
            }
        }
    }
}

/// Rows of inputs as whole numbers from −127 to 127, with a scale for every 32 columns of each row.
///
/// What a row becomes does not depend on the rows beside it.
package struct IntegerRows: @unchecked Sendable {
    private let buffer: FloatBuffer
    private let layout: IntegerLayout
    /// The number of rows.
    package let rowCount: Int

    private static func blockWordCount(_ layout: IntegerLayout) -> Int {
        layout.numberCount + layout.columns / 32 * IntegerLayout.blockLength + 2 * layout.groupWordCount
    }

    /// The 32-bit words of memory that `rowCount` rows and the work of rounding them need.
    package static func wordCount(rowCount: Int, _ layout: IntegerLayout) -> Int {
        IntegerLayout.blockCount(rowCount) * blockWordCount(layout) + layout.numberCount
    }

    /// Rounds rows.
    ///
    /// - Parameters:
    ///   - values: `rowCount` rows of `layout.columns` values, one after the other.
    ///   - rowCount: The number of rows.
    ///   - layout: That of the weights that the rows are to be multiplied with.
    ///   - buffer: At least ``wordCount(rowCount:_:)`` words, which hold the result.
    package init(
        rounding values: UnsafePointer<Float>, rowCount: Int, for layout: IntegerLayout, in buffer: FloatBuffer
    ) {
        self.buffer = buffer
        self.layout = layout
        self.rowCount = rowCount
        let length = IntegerLayout.blockLength
        let room = UnsafeMutableRawPointer(
            buffer.base + IntegerLayout.blockCount(rowCount) * Self.blockWordCount(layout)
        ).assumingMemoryBound(to: UInt8.self)
        for start in stride(from: 0, to: rowCount, by: length) {
            let target = block(start)
            csimd_round_to_integers(
                values + start * layout.columns, layout.columns,
                Int32(truncatingIfNeeded: min(length, rowCount - start)), layout.columns,
                Int32(truncatingIfNeeded: layout.groupLength), Int32(truncatingIfNeeded: layout.lowest),
                UnsafeMutablePointer(mutating: target.numbers),
                UnsafeMutablePointer(mutating: target.scales), UnsafeMutablePointer(mutating: target.starts),
                UnsafeMutablePointer(mutating: target.sums), room)
        }
    }

    /// Sixteen rows from a multiple of 16 on.
    fileprivate func block(_ row: Int) -> csimd_integer_rows {
        let numbers = buffer.base + row / IntegerLayout.blockLength * Self.blockWordCount(layout)
        let scales = numbers + layout.numberCount
        let starts = scales + layout.columns / 32 * IntegerLayout.blockLength
        return csimd_integer_rows(
            numbers: IntegerPanels.words(numbers), scales: scales,
            starts: UnsafeMutableRawPointer(starts).assumingMemoryBound(to: Int32.self),
            sums: starts + layout.groupWordCount)
    }
}
