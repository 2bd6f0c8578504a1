import Files
import ModelArchitecture

/// Weights that one step of the pass needs together: matrices of one layer and, of stacks, one expert's.
struct WeightGroup: Sendable {
    let roles: [TensorRole]
    let matrices: [WeightMatrix]
    let expert: Int

    /// The queries', keys', values' and output matrix of a layer.
    static func attention(_ weights: ModelWeights, layer: Int) -> WeightGroup {
        WeightGroup(AttentionWeights.roles, of: weights, layer: layer)
    }

    /// The gate's, up and down matrix of a block.
    static func gated(_ block: GatedBlock, _ weights: ModelWeights, layer: Int) -> WeightGroup {
        let roles = block.roles
        return WeightGroup([roles.gate, roles.up, roles.down], of: weights, layer: layer, expert: block.expert)
    }

    private init(_ roles: [TensorRole], of weights: ModelWeights, layer: Int, expert: Int = 0) {
        self.roles = roles
        matrices = roles.map { weights[$0, layer] }
        self.expert = expert
    }

    /// The matrices by their roles.
    ///
    /// - Parameter projection: makes a matrix ready, given where it begins among all of them.
    func ready(_ projection: (_ matrix: WeightMatrix, _ offset: Int) -> Projection) -> ReadyWeights {
        ReadyWeights(
            projections: Dictionary(
                uniqueKeysWithValues: zip(roles, zip(matrices, offsets).map { projection($0, $1) })))
    }

    /// The number of words that all matrices take when ready; each begins at a whole cache line.
    var elementCount: Int { matrices.reduce(0) { $0 + Self.room(for: $1) } }

    /// The size of all matrices in bytes, encoded.
    var byteCount: Int { matrices.reduce(0) { $0 + $1.byteCount } }

    /// The number of words before each matrix among those that are ready.
    var offsets: [Int] {
        var next = 0
        return matrices.map { matrix in
            defer { next += Self.room(for: matrix) }
            return next
        }
    }

    private static func room(for matrix: WeightMatrix) -> Int {
        (matrix.form.weightCount(rowCount: matrix.rows) + 15) & ~15
    }

    /// The rows of each matrix that are made ready as one piece of parallel work.
    var pieces: [(matrix: Int, rows: Range<Int>)] {
        matrices.indices.flatMap { index in
            let matrix = matrices[index]
            return stride(from: 0, to: matrix.rows, by: matrix.rowsPerPiece).map {
                (index, $0..<min(matrix.rows, $0 + matrix.rowsPerPiece))
            }
        }
    }

    func isSame(as other: WeightGroup) -> Bool {
        expert == other.expert && matrices.count == other.matrices.count
            && zip(matrices, other.matrices).allSatisfy { $0.name == $1.name }
    }

    /// Tells the system what will be done with the encoded bytes.
    func advise(_ use: ExpectedUse) {
        for matrix in matrices { matrix.advise(use, expert: expert) }
    }
}
