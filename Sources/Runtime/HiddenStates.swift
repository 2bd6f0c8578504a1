import BlockFormats

/// The residual stream of a batch: one row of float32 values per token, sequences one after the other.
public final class HiddenStates: @unchecked Sendable {
    public let rowCount: Int
    public let columns: Int
    private let buffer: FloatBuffer

    init(rowCount: Int, columns: Int) {
        self.rowCount = rowCount
        self.columns = columns
        buffer = FloatBuffer(count: rowCount * columns)
    }

    /// The `columns` values of one token.
    func row(_ index: Int) -> UnsafeMutablePointer<Float> { buffer.base + index * columns }

    /// A copy of the values of one token.
    public func values(ofRow index: Int) -> [Float] {
        Array(UnsafeBufferPointer(start: row(index), count: columns))
    }

    func firstNonFiniteRow() -> Int? {
        firstNonFinite(buffer.base, count: rowCount * columns).map { $0 / columns }
    }
}
