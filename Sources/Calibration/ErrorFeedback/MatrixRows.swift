import Runtime
import Tensors

/// Rows of a matrix, which are encoded apart from its other rows.
struct MatrixRows {
    /// The matrix.
    let place: MatrixPlace
    /// The rows, counted from the first of the matrix.
    let rows: Range<Int>

    /// Rows that go to one share together: whole vectors of an encoder's lanes, and few enough for even shares.
    private static let rowsOfUnit = 32

    /// Cuts the rows into shares of about the same size, in order; some are empty if there are few rows.
    func cut(into count: Int) -> [MatrixRows] {
        let unitCount = (rows.count + Self.rowsOfUnit - 1) / Self.rowsOfUnit
        let bounds = (0...count).map { number in
            min(rows.upperBound, rows.lowerBound + number * unitCount / count * Self.rowsOfUnit)
        }
        return zip(bounds, bounds.dropFirst()).map { MatrixRows(place: place, rows: $0..<$1) }
    }

    /// Where the rows are in the bytes of the tensor that the matrix is of.
    func byteRange(in tensor: TensorDescriptor) -> Range<Int> {
        let first = place.expert * tensor.shape.matrixRowCount
        return (first + rows.lowerBound) * tensor.rowByteCount..<(first + rows.upperBound) * tensor.rowByteCount
    }
}
