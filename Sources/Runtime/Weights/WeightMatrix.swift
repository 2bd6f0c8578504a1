import BlockFormats
import Files
import Numerics
import Tensors

/// An encoded weight, or a stack of them (one per expert), that decodes to float32 in a thread's own memory.
struct WeightMatrix: Sendable {
    let stack: MatrixStack

    init(source: any TensorSource, index: Int) throws {
        guard let stack = MatrixStack(source, index) else {
            let tensor = source.tensors[index]
            throw RuntimeError(.unsupportedType(tensor.type.name), place: tensor.name)
        }
        self.stack = stack
    }

    var name: String { stack.tensor.name }
    /// Inputs: elements of one row.
    var columns: Int { stack.columns }
    /// Outputs: rows of one matrix of the stack.
    var rows: Int { stack.rows }
    /// Rows that make one piece of parallel work; depends on the matrix alone.
    var rowsPerPiece: Int { stack.rowsPerPiece }
    /// Encoded bytes of one matrix of the stack.
    var byteCount: Int { rows * stack.tensor.rowByteCount }

    /// A thread's memory for decoding up to `rowCount` rows at a time.
    func decodingWorkingSet(rowCount: Int) -> WorkingSet {
        ScratchSpace.workingSet([.encoded: (min(rowCount, rows) * stack.tensor.rowByteCount + 3) / 4])
    }

    /// Decodes rows of matrix `expert` into `target`, ``columns`` values each.
    func decode(
        rows range: Range<Int>, expert: Int = 0, into target: UnsafeMutablePointer<Float>, scratch: ScratchSpace
    ) throws {
        let bytes = scratch.encodedBytes(range.count * stack.tensor.rowByteCount)
        do {
            try scratch.time(.read) { try stack.read(range, of: expert, into: bytes) }
            try scratch.time(.dequantize) {
                try stack.decode(UnsafeRawPointer(bytes.baseAddress!), range, of: expert, into: target)
            }
        } catch let weight as NonFiniteWeight {
            throw RuntimeError(.nonFiniteWeight(row: expert * rows + weight.row), place: name)
        }
    }

    /// A copy of the matrix that holds its encoded bytes in memory.
    func loaded() throws -> WeightMatrix {
        try WeightMatrix(source: LoadedTensor(stack.source, stack.index), index: 0)
    }

    /// Tells the system what will be done with the bytes of matrix `expert`.
    func advise(_ use: ExpectedUse, expert: Int) { stack.advise(use, of: expert) }
}
