import Numerics

/// The rows of a batch that a block computes.
enum BlockRows: Sendable {
    /// All of them, with weight 1.
    case all(Int)
    case routed([Int32], [Float])

    var count: Int {
        switch self {
        case .all(let count): count
        case .routed(let rows, _): rows.count
        }
    }

    func row(at position: Int) -> (row: Int, weight: Float) {
        switch self {
        case .all: (position, 1)
        case .routed(let rows, let weights): (Int(rows[position]), weights[position])
        }
    }

    /// The weights of all positions; nil where all are 1.
    var weights: [Float]? {
        if case .routed(_, let weights) = self { weights } else { nil }
    }

    /// Those of some positions; nil where all are 1.
    func weights(_ positions: Range<Int>) -> ArraySlice<Float>? {
        weights?[positions]
    }

    /// The inputs of some positions as consecutive rows.
    func gather(
        _ positions: Range<Int>, from states: HiddenStates, scratch: ScratchSpace
    ) -> UnsafePointer<Float> {
        switch self {
        case .all: return UnsafePointer(states.row(positions.lowerBound))
        case .routed(let rows, _):
            let gathered = scratch.floats(.gathered, positions.count * states.columns)
            for position in positions {
                (gathered + (position - positions.lowerBound) * states.columns)
                    .update(from: states.row(Int(rows[position])), count: states.columns)
            }
            return UnsafePointer(gathered)
        }
    }
}

extension BlockRows {
    /// The rows that are in either of two ascending lists, ascending; weights are of no account.
    func union(with other: BlockRows) -> BlockRows {
        guard case .routed(let first, let weights) = self, case .routed(let second, _) = other else { return self }
        if first == second { return .routed(first, weights) }
        var result: [Int32] = []
        result.reserveCapacity(first.count + second.count)
        var (i, j) = (0, 0)
        while i < first.count || j < second.count {
            let row = min(i < first.count ? first[i] : .max, j < second.count ? second[j] : .max)
            if i < first.count, first[i] == row { i += 1 }
            if j < second.count, second[j] == row { j += 1 }
            result.append(row)
        }
        return .routed(result, [Float](repeating: 1, count: result.count))
    }

    /// The places of these rows in an ascending list that has them all.
    func positions(in other: BlockRows) -> BlockRows {
        guard case .routed(let rows, let weights) = self, case .routed(let all, _) = other else { return self }
        var position = 0
        let positions = rows.map { row in
            while all[position] != row { position += 1 }
            return Int32(position)
        }
        return .routed(positions, weights)
    }
}

extension HiddenStates {
    /// Adds what a matrix makes of some rows: `self[row] += weight · matrix(inputs)`.
    ///
    /// - Parameters:
    ///   - inputs: a row for each of `positions`.
    ///   - rows: whose rows and weights are at these positions.
    func add(
        _ inputs: UnsafePointer<Float>, through matrix: Projection, at positions: Range<Int>, of rows: BlockRows,
        scratch: ScratchSpace
    ) throws {
        let output = scratch.floats(.states, positions.count * columns)
        try matrix.apply(inputs, rowCount: positions.count, into: output, scratch: scratch)
        try matrix.demandFinite(output, rowCount: positions.count)
        for position in positions {
            let (row, weight) = rows.row(at: position)
            VectorMath.add(
                output + (position - positions.lowerBound) * columns, columns, times: weight, to: self.row(row))
        }
    }
}
