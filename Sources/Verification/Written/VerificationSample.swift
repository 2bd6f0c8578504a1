import Digests
import ModelArchitecture
import Tensors

/// The rows of a model's tensors that are looked at after writing.
///
/// Of each type and role some rows of one tensor, then of the others as long as all of them are at most a fiftieth of the
/// bytes. Which tensor, which matrix and which rows is decided by the digests of the tensors' names: no defect that is made
/// by chance can keep away from them, and every run looks at the same.
struct VerificationSample {
    /// Rows of one matrix of a tensor.
    struct Rows: Sendable {
        let tensor: Int
        let matrix: Int
        /// Counted from the first of the matrix.
        let rows: Range<Int>
    }

    /// The chosen rows, in the order of the tensors.
    let chosen: [Rows]

    /// Fewer rows would say little of a matrix as a whole.
    private static let rowLimit = 256
    /// The part of all bytes that is looked at, as a divisor.
    private static let divisor = 50

    private struct Kind: Hashable {
        let type: TensorType
        let role: TensorRole?
    }

    private struct Candidate {
        let tensor: Int
        let digest: String
    }

    /// - Parameters:
    ///   - tensors: of the model.
    ///   - rowCount: how many rows of a tensor's matrices are no padding.
    init(_ tensors: [TensorDescriptor], rowCount: (_ tensor: Int) -> Int) {
        var kinds: [Kind] = []
        var groups: [Kind: [Candidate]] = [:]
        for (index, tensor) in tensors.enumerated() {
            let kind = Kind(type: tensor.type, role: TensorName(gguf: tensor.name)?.role)
            if groups[kind] == nil { kinds.append(kind) }
            groups[kind, default: []].append(
                Candidate(tensor: index, digest: SHA256.hexadecimal(of: Array(tensor.name.utf8))))
        }
        let sorted = kinds.map { groups[$0]!.sorted { $0.digest < $1.digest } }
        let limit = tensors.reduce(0) { $0 + $1.byteCount } / Self.divisor
        var byteCount = 0
        var chosen: [Rows] = []
        for round in 0..<(sorted.map(\.count).max() ?? 0) {
            for group in sorted where round < group.count {
                let tensor = tensors[group[round].tensor]
                let rows = Self.rows(of: tensor, group[round], rowCount: rowCount(group[round].tensor))
                let size = rows.rows.count * tensor.rowByteCount
                guard round == 0 || byteCount + size <= limit else { continue }
                byteCount += size
                chosen.append(rows)
            }
        }
        self.chosen = chosen.sorted { $0.tensor < $1.tensor }
    }

    private static func rows(of tensor: TensorDescriptor, _ candidate: Candidate, rowCount: Int) -> Rows {
        let count = min(rowCount, rowLimit)
        let first = number(candidate.digest.prefix(15)) % (rowCount - count + 1)
        let matrix = number(candidate.digest.suffix(15)) % tensor.shape.matrixCount
        return Rows(tensor: candidate.tensor, matrix: matrix, rows: first..<first + count)
    }

    private static func number(_ digits: Substring) -> Int { Int(digits, radix: 16) ?? 0 }
}
