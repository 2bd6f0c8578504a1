import BlockFormats
import Files
import Tensors

/// An encoded weight, or a stack of them (one per expert), that decodes to float32 on demand.
struct WeightMatrix: Sendable {
    let name: String
    /// Inputs: elements of one row.
    let columns: Int
    /// Outputs: rows of one matrix of the stack.
    let rows: Int
    let stackCount: Int
    private let source: any TensorSource
    private let index: Int
    private let rowByteCount: Int
    private let codec: any BlockCodec

    /// Elements decoded by one piece of parallel work.
    private static let pieceLength = 1 << 16

    init(source: any TensorSource, index: Int) throws {
        let tensor = source.tensors[index]
        guard let codec = BlockFormats.codec(for: tensor.type) else {
            throw RuntimeError(.unsupportedType(tensor.type.name), place: tensor.name)
        }
        let dimensions = tensor.shape.dimensions
        self.name = tensor.name
        self.columns = dimensions[0]
        self.rows = dimensions.count > 1 ? dimensions[1] : 1
        self.stackCount = tensor.shape.rowCount / rows
        self.source = source
        self.index = index
        self.rowByteCount = tensor.rowByteCount
        self.codec = codec
    }

    /// Rows that make one piece of parallel work; depends on the matrix alone.
    var rowsPerPiece: Int { max(1, min(rows, Self.pieceLength / columns)) }

    /// Decodes rows of matrix `expert` into `target`, `columns` values each.
    func decode(
        rows range: Range<Int>, expert: Int = 0, into target: UnsafeMutablePointer<Float>, scratch: ScratchSpace
    ) throws {
        let first = expert * rows + range.lowerBound
        let bytes = scratch.encodedBytes(range.count * rowByteCount)
        try scratch.time(.read) {
            try source.readRows(ofTensorAt: index, rows: first..<first + range.count, into: bytes)
        }
        scratch.time(.dequantize) { codec.decode(bytes.baseAddress!, count: range.count * columns, into: target) }
        if let position = firstNonFinite(target, count: range.count * columns) {
            throw RuntimeError(.nonFiniteWeight(row: first + position / columns), place: name)
        }
    }

    /// The same weights with their encoded bytes in memory.
    func loaded() throws -> WeightMatrix {
        let held = try LoadedTensor(source, index)
        return try WeightMatrix(source: held, index: 0)
    }

    /// Encoded bytes of one matrix of the stack.
    var byteCount: Int { rows * rowByteCount }

    /// Tells the system what will be done with the bytes of matrix `expert`.
    func advise(_ use: ExpectedUse, expert: Int) {
        source.advise(use, ofTensorAt: index, rows: expert * rows..<(expert + 1) * rows)
    }
}
