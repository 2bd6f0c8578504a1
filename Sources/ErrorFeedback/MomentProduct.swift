import Numerics
import Parallelism

/// The second moments XᵀX of rows X that come piece by piece.
public struct MomentProduct: Sendable {
    /// The sums over the rows added so far.
    public private(set) var moments: SecondMoments

    /// Columns of a tile of the product; the cut does not depend on the thread count.
    private static let tileLength = 256

    /// The memory of the sums over inputs of `columns` columns.
    package static func workingSet(columns: Int) -> WorkingSet {
        SecondMoments.workingSet("sums of products", columns: columns)
    }

    /// Begins with no rows; all sums over the inputs of `columns` columns are zero.
    public init(columns: Int) {
        moments = SecondMoments(
            columns: columns, values: [Float](repeating: 0, count: columns * columns), rowCount: 0)
    }

    /// Adds pieces of rows, in their order.
    ///
    /// - Parameters:
    ///   - pieces: in each piece, `count` rows of `columns` finite values, one row after the other.
    ///   - parallel: runs the work; the sums do not depend on the number of threads.
    public mutating func add(_ pieces: [(rows: [Float], count: Int)], parallel: Parallel) {
        _ = BLAS.isSingleThreaded
        let n = moments.columns
        let tileCount = (n + Self.tileLength - 1) / Self.tileLength
        let tiles = (0..<tileCount).flatMap { row in (row..<tileCount).map { (row, $0) } }
        moments.values.withUnsafeMutableBufferPointer { values in
            let target = Target(base: values.baseAddress!)
            // Nothing in there throws.
            try? parallel.forEach(tiles.count) { index, _ in
                let (row, column) = (tiles[index].0 * Self.tileLength, tiles[index].1 * Self.tileLength)
                let (height, width) = (min(Self.tileLength, n - row), min(Self.tileLength, n - column))
                for piece in pieces {
                    piece.rows.withUnsafeBufferPointer { rows in
                        BLAS.addTransposedProduct(
                            rows.baseAddress! + row, n, rows.baseAddress! + column, n,
                            to: target.base + (row * n + column), n, m: height, n: width, k: piece.count)
                    }
                }
                for i in 0..<height {
                    for j in 0..<width where column + j > row + i {
                        target.base[(column + j) * n + row + i] = target.base[(row + i) * n + column + j]
                    }
                }
            }
        }
        moments.rowCount += pieces.reduce(0) { $0 + $1.count }
    }

    private struct Target: @unchecked Sendable {
        let base: UnsafeMutablePointer<Float>
    }
}
