import Numerics
import Tensors

/// The residual stream of a batch: one row of float32 values per token, sequences one after the other.
public final class HiddenStates: @unchecked Sendable {
    /// The number of rows, one for each token of the batch.
    public let rowCount: Int
    /// The number of values in a row: the width of the residual stream.
    public let columns: Int
    private let buffer: FloatBuffer

    /// Rows per piece of row-wise work.
    static let panelLength = 256

    /// The memory of `rowCount` rows of `columns` values.
    ///
    /// - Parameters:
    ///   - name: what the rows are.
    ///   - rowCount: the number of rows.
    ///   - columns: the number of values in a row.
    package static func workingSet(_ name: String, rowCount: Int, columns: Int) -> WorkingSet {
        WorkingSet(name, floatCount: rowCount * columns)
    }

    /// Rows whose values are not set yet.
    init(rowCount: Int, columns: Int) {
        self.rowCount = rowCount
        self.columns = columns
        buffer = FloatBuffer(count: rowCount * columns)
    }

    /// Makes a stream of values that a function fills in.
    ///
    /// - Parameters:
    ///   - rowCount: the number of rows, one for each token.
    ///   - columns: the number of values in a row.
    ///   - fill: receives the memory of all values, row by row, in which float32 values must be written.
    public convenience init(
        rowCount: Int, columns: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        self.init(rowCount: rowCount, columns: columns)
        try fill(UnsafeMutableRawBufferPointer(start: buffer.base, count: 4 * rowCount * columns))
    }

    /// Joins the rows of several streams of equal width, one stream after the other.
    public convenience init(joining streams: [HiddenStates]) {
        self.init(rowCount: streams.reduce(0) { $0 + $1.rowCount }, columns: streams[0].columns)
        var first = 0
        for stream in streams {
            row(first).update(from: stream.row(0), count: stream.rowCount * columns)
            first += stream.rowCount
        }
    }

    /// Replaces all rows by those of another stream of equal width, from its row `first` on.
    public func copyRows(of other: HiddenStates, from first: Int) {
        precondition(other.columns == columns && first + rowCount <= other.rowCount)
        row(0).update(from: other.row(first), count: rowCount * columns)
    }

    /// Calls `body` with the memory of all float32 values, row by row, and returns its result.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(start: buffer.base, count: 4 * rowCount * columns))
    }

    /// The `columns` values of one token.
    func row(_ index: Int) -> UnsafeMutablePointer<Float> { buffer.base + index * columns }

    /// A copy of the values of one row.
    public func values(ofRow index: Int) -> [Float] {
        Array(UnsafeBufferPointer(start: row(index), count: columns))
    }

    func firstNonFiniteRow() -> Int? {
        firstNonFinite(buffer.base, count: rowCount * columns).map { $0 / columns }
    }

    func isFinite(row index: Int) -> Bool { firstNonFinite(row(index), count: columns) == nil }
}
