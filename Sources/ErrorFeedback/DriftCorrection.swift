import Numerics
import Parallelism

/// A linear change of weights that makes up for the drift of their inputs.
///
/// Values are in bfloat16: what rounding loses of a correction is less than what the choice of codes loses of a weight.
public struct DriftCorrection: Sendable {
    private let columns: Int
    /// The rows of the transposed map, `columns` × `columns`.
    private let map: BFloat16Panels

    private static let panelLength = BFloat16Panels.tileLength

    /// The memory of a correction of weights of `columns` columns, and what applying it needs beside that.
    package static func workingSet(columns: Int, threadCount: Int) -> (kept: WorkingSet, applying: WorkingSet) {
        let panel = BFloat16Panels.workingSet("rounded weights", vectorCount: panelLength, length: columns)
        let tile = WorkingSet("tiles", floatCount: panelLength * panelLength)
        return (
            BFloat16Panels.workingSet("correction", vectorCount: columns, length: columns),
            threadCount * (panel + tile)
        )
    }

    /// - Parameter map: transposed, `columns` × `columns`.
    init(columns: Int, map values: [Float], parallel: Parallel) throws {
        self.columns = columns
        map = BFloat16Panels(vectorCount: columns, length: columns)
        try values.withUnsafeBufferPointer { values in
            let source = Source(base: values.baseAddress!)
            try parallel.forEachRange(columns, length: Self.panelLength) { [map] rows, _ in
                map.fill(
                    rows: rows, from: source.base + rows.lowerBound * columns, stride: columns, length: columns)
            }
        }
    }

    /// Adds a share of the correction to rows of weights.
    ///
    /// - Parameters:
    ///   - weights: `rowCount` rows of weights, one after the other; changed.
    ///   - rowCount: the number of rows.
    ///   - share: the factor on the correction, 1 for all of it.
    ///   - parallel: runs the work.
    public func apply(
        to weights: UnsafeMutablePointer<Float>, rowCount: Int, share: Float, parallel: Parallel
    ) throws {
        let target = Target(base: weights)
        let side = Self.panelLength
        let tiles = (0..<parallel.threadCount).map { _ in FloatBuffer(count: side * side) }
        let panels = (0..<parallel.threadCount).map { _ in BFloat16Panels(vectorCount: side, length: columns) }
        try parallel.forEachRange(rowCount, length: side) { rows, worker in
            let start = target.base + rows.lowerBound * columns
            let originals = panels[worker]
            originals.fill(rows: 0..<rows.count, from: start, stride: columns, length: columns)
            originals.forEachProduct(
                0..<rows.count, with: map, 0..<columns, length: columns, tile: tiles[worker].base
            ) { row, range, products in
                let line = start + row * columns
                for column in range { line[column] += share * products[column - range.lowerBound] }
            }
        }
    }

    private struct Source: @unchecked Sendable {
        let base: UnsafePointer<Float>
    }

    private struct Target: @unchecked Sendable {
        let base: UnsafeMutablePointer<Float>
    }
}
