import BlockFormats
import Numerics
import Tensors

/// A matrix made ready to multiply rows.
///
/// A batch has the matrix decoded beforehand, and each caller multiplies its own rows in its own thread. For a few rows
/// (generation) decoding is most of the work, so pieces of the matrix are decoded and used at once, in parallel.
/// Threads share it: its decoded values are only read.
struct Projection: Sendable {
    private let matrix: WeightMatrix
    /// The matrix of a stack.
    private let expert: Int
    private let mode: Mode

    private enum Mode {
        case prepared(PreparedWeights)
        case rounded(BFloat16Panels)
        case piecewise(Engine)
    }

    /// Batches of up to this many rows are multiplied piece by piece.
    static let piecewiseRowLimit = 16

    /// A projection with weights that are ready, all rows of the matrix.
    init(matrix: WeightMatrix, expert: Int = 0, _ weights: PreparedWeights) {
        self.matrix = matrix
        self.expert = expert
        mode = .prepared(weights)
    }

    /// A projection in single precision, with the decoded values of the matrix.
    init(matrix: WeightMatrix, expert: Int = 0, decoded: FloatBuffer) {
        self.init(
            matrix: matrix, expert: expert, PreparedWeights(.float32(columns: matrix.columns), decoded))
    }

    /// A thread's memory for products of `rowCount` rows with a matrix of `columns` columns in bfloat16.
    static func roundedWorkingSet(rowCount: Int, columns: Int) -> WorkingSet {
        ScratchSpace.workingSet([
            .rounded: BFloat16Panels.wordCount(vectorCount: rowCount, length: columns),
            .tile: BFloat16Panels.tileLength * BFloat16Panels.tileLength,
        ])
    }

    /// A projection in bfloat16.
    ///
    /// - Parameter rounded: the matrix's rows.
    init(matrix: WeightMatrix, expert: Int = 0, rounded: BFloat16Panels) {
        self.matrix = matrix
        self.expert = expert
        mode = .rounded(rounded)
    }

    /// A projection that must be applied from the thread that coordinates `engine`.
    init(matrix: WeightMatrix, expert: Int, piecewise engine: Engine) {
        self.matrix = matrix
        self.expert = expert
        mode = .piecewise(engine)
    }

    /// Outputs per row.
    var rows: Int { matrix.rows }

    /// Multiplies `rowCount` input rows: `output` receives ``rows`` values for each.
    func apply(
        _ input: UnsafePointer<Float>, rowCount: Int, into output: UnsafeMutablePointer<Float>, scratch: ScratchSpace
    ) throws {
        let columns = matrix.columns
        switch mode {
        case .prepared(let weights):
            scratch.time(.multiply) {
                let input = PreparedRows(input, rowCount: rowCount, weights.form) { scratch.buffer(.rounded, $0) }
                weights.multiply(input, outputs: rows, into: output, stride: rows, scratch: scratch)
            }
        case .rounded(let weights):
            scratch.time(.multiply) {
                let room = BFloat16Panels.wordCount(vectorCount: rowCount, length: columns)
                let panels = BFloat16Panels(scratch.buffer(.rounded, room), length: columns)
                panels.fill(rows: 0..<rowCount, from: input, stride: columns, length: columns)
                let side = BFloat16Panels.tileLength
                panels.forEachProduct(
                    0..<rowCount, with: weights, 0..<rows, length: columns,
                    tile: scratch.floats(.tile, side * side)
                ) { row, range, products in
                    (output + (row &* rows &+ range.lowerBound)).update(from: products, count: range.count)
                }
            }
        case .piecewise(let engine):
            let (input, output) = (SharedValues(base: input), SharedTarget(base: output))
            try engine.forEachRange(rows, length: matrix.rowsPerPiece) { range, scratch in
                let weights = PreparedWeights(
                    matrix.form, scratch.buffer(.weights, matrix.form.weightCount(rowCount: range.count)))
                try matrix.prepare(rows: range, expert: expert, in: weights, scratch: scratch)
                scratch.time(.multiply) {
                    let input = PreparedRows(input.base, rowCount: rowCount, matrix.form) {
                        scratch.buffer(.rounded, $0)
                    }
                    weights.multiply(
                        input, outputs: range.count, into: output.base + range.lowerBound, stride: rows,
                        scratch: scratch)
                }
            }
        }
    }
}

extension Projection {
    /// - Parameter output: what the projection gave for `rowCount` rows.
    /// - Throws: ``RuntimeError`` if a value is infinite or not a number.
    func demandFinite(_ output: UnsafePointer<Float>, rowCount: Int) throws {
        guard firstNonFinite(output, count: rowCount * rows) != nil else { return }
        throw RuntimeError(
            .nonFiniteActivation, place: matrix.stack.count > 1 ? "\(matrix.name), expert \(expert)" : matrix.name)
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
