import TensorCore

/// One matrix made ready to multiply a batch of rows.
///
/// For many rows it is decoded once, in parallel, and each caller multiplies its own rows in its own thread. For a few
/// rows (generation) decoding is most of the work, so pieces of the matrix are decoded and used at once, in parallel.
/// Threads share it: its decoded values are only read.
struct Projection: @unchecked Sendable {
    private let matrix: WeightMatrix
    private let expert: Int
    private let mode: Mode

    private enum Mode {
        case decoded(UnsafePointer<Float>)
        case piecewise(Parallel, [ScratchSpace])
    }

    /// Up to this many rows are multiplied piece by piece.
    static let piecewiseRowLimit = 16

    /// Outputs per row.
    var rows: Int { matrix.rows }

    /// Decodes several matrices at once.
    ///
    /// - Parameters:
    ///   - slots: where in `shared` each matrix is kept; valid until the slot is used again.
    ///   - rowCount: input rows that will be multiplied.
    static func prepare(
        _ matrices: [WeightMatrix], expert: Int = 0, rowCount: Int, slots: [ScratchSpace.Slot], engine: Engine
    ) throws -> [Projection] {
        guard rowCount > piecewiseRowLimit else {
            return matrices.map {
                Projection(matrix: $0, expert: expert, mode: .piecewise(engine.parallel, engine.workers))
            }
        }
        let targets = zip(matrices, slots).map { matrix, slot in
            SharedTarget(base: engine.shared.floats(slot, matrix.rows * matrix.columns))
        }
        let pieces = matrices.indices.flatMap { index in
            let matrix = matrices[index]
            return stride(from: 0, to: matrix.rows, by: matrix.rowsPerPiece).map {
                (index, $0..<min(matrix.rows, $0 + matrix.rowsPerPiece))
            }
        }
        try engine.parallel.forEach(pieces.count) { piece, worker in
            let (index, rows) = pieces[piece]
            let matrix = matrices[index]
            try matrix.decode(
                rows: rows, expert: expert, into: targets[index].base + rows.lowerBound * matrix.columns,
                scratch: engine.workers[worker])
        }
        return zip(matrices, targets).map {
            Projection(matrix: $0, expert: expert, mode: .decoded(UnsafePointer($1.base)))
        }
    }

    /// Multiplies `rowCount` input rows: `output` receives `rows` values for each.
    ///
    /// A piecewise projection must be applied from the thread that prepared it.
    func apply(
        _ input: UnsafePointer<Float>, rowCount: Int, into output: UnsafeMutablePointer<Float>
    ) throws {
        let columns = matrix.columns
        switch mode {
        case .decoded(let weights):
            BLAS.multiplyTransposed(
                input, columns, weights, columns, into: output, rows, m: rowCount, n: rows, k: columns)
        case .piecewise(let parallel, let workers):
            let (input, output) = (SharedValues(base: input), SharedTarget(base: output))
            try parallel.forEachRange(rows, length: matrix.rowsPerPiece) { range, worker in
                let scratch = workers[worker]
                let weights = scratch.floats(.decodedA, range.count * columns)
                try matrix.decode(rows: range, expert: expert, into: weights, scratch: scratch)
                BLAS.multiplyTransposed(
                    input.base, columns, weights, columns, into: output.base + range.lowerBound, rows, m: rowCount,
                    n: range.count, k: columns)
            }
        }
    }
}

/// A buffer of which each thread writes its own part.
struct SharedTarget: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
}

/// A buffer that threads only read.
struct SharedValues: @unchecked Sendable {
    let base: UnsafePointer<Float>
}
