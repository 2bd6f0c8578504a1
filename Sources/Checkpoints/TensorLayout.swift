import ModelArchitecture

/// How a weight's rows are laid out in terms of the checkpoint's: which tensors, in which order, with which padding.
struct TensorLayout: Sendable {
    /// The checkpoint's tensors, one for each matrix of the stack.
    let sources: [String]
    /// Rows and columns of each stored matrix.
    let storedRows: Int
    let storedColumns: Int
    /// Rows and columns as seen from outside; what exceeds the stored ones is zero.
    let rows: Int
    let columns: Int
    let rowOrder: RowOrder

    enum RowOrder: Sendable {
        case asStored
        /// Heads of `headLength` rows whose halves are interleaved: row `2i + s` of a head is stored row
        /// `s · headLength / 2 + i`, which turns "rotate half" into the rotation of neighbouring pairs.
        case interleavedHalves(headLength: Int)
    }

    /// The stored row of a matrix's row; nil for padding.
    func storedRow(_ row: Int) -> Int? {
        guard row < storedRows else { return nil }
        switch rowOrder {
        case .asStored: return row
        case .interleavedHalves(let headLength):
            let (head, inner) = row.quotientAndRemainder(dividingBy: headLength)
            return head * headLength + inner % 2 * (headLength / 2) + inner / 2
        }
    }
}

extension CheckpointArchitecture {
    /// - Parameter padded: ``plan`` with padded experts.
    func layout(of name: TensorName, padded: DecoderPlan) -> TensorLayout {
        let stored = plan.dimensions(of: name.role)
        let outer = padded.dimensions(of: name.role)
        let isRotated = rotatesHalves && (name.role == .attentionQuery || name.role == .attentionKey)
        return TensorLayout(
            sources: sources(of: name), storedRows: stored.count > 1 ? stored[1] : 1, storedColumns: stored[0],
            rows: outer.count > 1 ? outer[1] : 1, columns: outer[0],
            rowOrder: isRotated ? .interleavedHalves(headLength: plan.attention.headLength) : .asStored)
    }
}
