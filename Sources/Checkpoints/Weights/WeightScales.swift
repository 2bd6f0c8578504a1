import Tensors

/// The scales of a tensor of 8-bit floats: how many of its elements share one, and where they are.
struct WeightScales: Sendable, Hashable {
    /// The tensor of scales, by its place in the container.
    let index: Int
    let type: TensorType
    /// Columns that share a scale.
    let blockColumnCount: Int
    /// Scales in a row of scales.
    let rowLength: Int
    private let matrixRowCount: Int
    private let blockRowCount: Int
    /// Rows of scales for each matrix; 0 where all matrices share one.
    private let matrixScaleRowCount: Int

    /// What a tensor of 8-bit floats calls its scales: its own name and one of these. `weight_scale_inv` is that of
    /// DeepSeek's checkpoints (a scale for each block), `weight_scale` that of compressed-tensors (one, or one for each
    /// row). Both are factors.
    static let suffixes = ["_scale_inv", "_scale"]

    /// Whether a tensor of this name is needed only where inputs, or keys and values, are rounded to FP8 too.
    static func isOfActivations(_ name: String) -> Bool {
        activationNames.contains(String(name.split(separator: ".").last ?? ""))
    }

    /// The names that transformers, compressed-tensors, ModelOpt and the programs that serve their files give to
    /// scales of activations.
    private static let activationNames: Set<String> = [
        "input_scale", "activation_scale", "output_scale", "q_scale", "k_scale", "v_scale", "kv_scale", "prob_scale",
    ]

    /// - Parameter blockShape: rows and columns of a block of weights.
    /// - Returns: nil if the scales' shape is none of one number (for all, or for each matrix), one for each row, and one
    ///   for each block.
    init?(_ scales: StoredTensor, type: TensorType, index: Int, of weights: StoredTensor, blockShape: [Int]) {
        self.index = index
        self.type = type
        let columnCount = weights.shape.last ?? 1
        let rowCount = weights.shape.dropLast().last ?? 1
        guard !weights.shape.contains(0) else { return nil }
        matrixRowCount = rowCount
        if scales.shape.allSatisfy({ $0 == 1 }) {
            (blockRowCount, blockColumnCount) = (rowCount, columnCount)
            (rowLength, matrixScaleRowCount) = (1, 0)
            return
        }
        let outer = Array(weights.shape.dropLast(2))
        let blocks = [(rowCount - 1) / blockShape[0] + 1, (columnCount - 1) / blockShape[1] + 1]
        switch scales.shape {
        case outer, outer + [1, 1]:
            (blockRowCount, blockColumnCount) = (rowCount, columnCount)
            (rowLength, matrixScaleRowCount) = (1, 1)
        case outer + [rowCount, 1], outer + [rowCount]:
            (blockRowCount, blockColumnCount) = (1, columnCount)
            (rowLength, matrixScaleRowCount) = (1, rowCount)
        case outer + blocks:
            (blockRowCount, blockColumnCount) = (blockShape[0], blockShape[1])
            (rowLength, matrixScaleRowCount) = (blocks[1], blocks[0])
        default: return nil
        }
    }

    /// The row of scales that a row of weights, counted over all matrices, takes.
    func scaleRow(ofRow row: Int) -> Int {
        let (matrix, inner) = row.quotientAndRemainder(dividingBy: matrixRowCount)
        return matrix * matrixScaleRowCount + inner / blockRowCount
    }
}
