import Numerics

/// Makes single matrices of a model ready, in bfloat16; of routers the float32 values, since a choice of experts is not to
/// depend on rounding.
struct PlacedWeights {
    let weights: ModelWeights
    let engine: Engine
    /// Writes the values of a matrix.
    let decode: (_ place: MatrixPlace, _ target: UnsafeMutablePointer<Float>) throws -> Void

    /// The weights that a pass computes with.
    init(of pass: ForwardPass) {
        let (weights, engine) = (pass.weights, pass.engine)
        self.init(weights: weights, engine: engine) { place, target in
            let matrix = weights[place.role, place.layer]
            let target = SharedTarget(base: target)
            try engine.forEachRange(matrix.rows, length: matrix.rowsPerPiece) { rows, scratch in
                try matrix.decode(
                    rows: rows, expert: place.expert, into: target.base + rows.lowerBound * matrix.columns,
                    scratch: scratch)
            }
        }
    }

    init(
        weights: ModelWeights, engine: Engine,
        decode: @escaping (MatrixPlace, UnsafeMutablePointer<Float>) throws -> Void
    ) {
        self.weights = weights
        self.engine = engine
        self.decode = decode
    }

    /// The memory of matrices that are ready together, one of which is still being made ready.
    static func workingSet(_ matrices: [WeightMatrix]) -> WorkingSet {
        let rounded = matrices.map {
            BFloat16Panels.workingSet("rounded weights", vectorCount: $0.rows, length: $0.columns)
        }
        let decoded = matrices.map { WorkingSet("decoded weights", floatCount: $0.rows * $0.columns) }
        return rounded.reduce(.none, +) + .largest(decoded)
    }

    func callAsFunction(_ place: MatrixPlace) throws -> Projection {
        let matrix = weights[place.role, place.layer]
        let columns = matrix.columns
        let values = FloatBuffer(count: matrix.rows * columns)
        try decode(place, values.base)
        guard place.role != .router else {
            return Projection(matrix: matrix, expert: place.expert, decoded: values)
        }
        let panels = BFloat16Panels(vectorCount: matrix.rows, length: columns)
        try engine.forEachRange(matrix.rows, length: 64) { rows, _ in
            panels.fill(rows: rows, from: values.base + rows.lowerBound * columns, stride: columns, length: columns)
        }
        return Projection(matrix: matrix, expert: place.expert, rounded: panels)
    }
}
