import ModelArchitecture

/// How a weight's rows are laid out in terms of the checkpoint's: which tensors, in which order, with which padding.
struct TensorLayout: Sendable {
    /// The checkpoint's tensors: one for each matrix of the stack, or one for all of them.
    let sources: [String]
    /// The shape that each of them must have, slowest dimension first.
    let sourceShape: [Int]
    /// The way in which the matrices lie within a tensor that holds all of them; nil if each has its own tensor.
    let stacking: Stacking?
    /// Rows and columns of each stored matrix.
    let storedRows: Int
    let storedColumns: Int
    /// Rows and columns as seen from outside; what exceeds the stored ones is zero.
    let rows: Int
    let columns: Int
    let rowOrder: RowOrder

    struct Stacking: Sendable {
        /// The first matrix's first row.
        let firstRow: Int
        /// Rows from one matrix to the next.
        let stride: Int
    }

    enum RowOrder: Sendable {
        case asStored
        /// Heads of `headLength` rows whose halves are interleaved: row `2i + s` of a head is stored row
        /// `s · headLength / 2 + i`, which turns "rotate half" into the rotation of neighbouring pairs.
        case interleavedHalves(headLength: Int)
    }

    /// The tensor in ``sources`` that holds a matrix, and the row where the matrix begins.
    func location(ofMatrix matrix: Int) -> (source: Int, firstRow: Int) {
        if let stacking { (0, stacking.firstRow + matrix * stacking.stride) } else { (matrix, 0) }
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
    /// - Parameters:
    ///   - padded: ``plan`` with padded experts.
    ///   - isStored: whether the checkpoint has a tensor of this name.
    func layout(of name: TensorName, padded: DecoderPlan, isStored: (String) -> Bool) -> TensorLayout {
        let stored = plan.dimensions(of: name.role)
        let outer = padded.dimensions(of: name.role)
        let storedRows = stored.count > 1 ? stored[1] : 1
        let candidates = storage(of: name)
        guard let storage = candidates.first(where: { $0.firstName.map(isStored) ?? false }) ?? candidates.first else {
            preconditionFailure("\(Self.self) has no tensor for \(name)")
        }
        let sources: [String]
        let sourceShape: [Int]
        let stacking: TensorLayout.Stacking?
        switch storage {
        case .separate(let names):
            (sources, stacking) = (names, nil)
            sourceShape = stored.count > 1 ? [storedRows, stored[0]] : [stored[0]]
        case .stacked(let tensor, let part, let partCount):
            sources = [tensor]
            sourceShape = [stored[2], partCount * storedRows, stored[0]]
            stacking = .init(firstRow: part * storedRows, stride: partCount * storedRows)
        }
        let isRotated = rotatesHalves && (name.role == .attentionQuery || name.role == .attentionKey)
        return TensorLayout(
            sources: sources, sourceShape: sourceShape, stacking: stacking, storedRows: storedRows,
            storedColumns: stored[0], rows: outer.count > 1 ? outer[1] : 1, columns: outer[0],
            rowOrder: isRotated ? .interleavedHalves(headLength: plan.attention.headLength) : .asStored)
    }
}
