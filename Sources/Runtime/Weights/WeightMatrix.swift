import BlockFormats
import Files
import Numerics
import Tensors

/// An encoded weight, or a stack of them (one per expert), that is made ready to be multiplied.
struct WeightMatrix: Sendable {
    let stack: MatrixStack
    private let precision: Precision
    /// The form in which it is multiplied.
    let form: WeightForm

    init(source: any TensorSource, index: Int, _ precision: Precision) throws {
        guard let stack = MatrixStack(source, index) else {
            let tensor = source.tensors[index]
            throw RuntimeError(.unsupportedType(tensor.type.name), place: tensor.name)
        }
        self.stack = stack
        self.precision = precision
        form = WeightForm(of: stack, precision)
    }

    var name: String { stack.tensor.name }
    /// Inputs: elements of one row.
    var columns: Int { stack.columns }
    /// Outputs: rows of one matrix of the stack.
    var rows: Int { stack.rows }
    /// Rows that make one piece of parallel work; depends on the matrix alone.
    var rowsPerPiece: Int {
        min(rows, (stack.rowsPerPiece + form.rowStep - 1) / form.rowStep * form.rowStep)
    }
    /// Encoded bytes of one matrix of the stack.
    var byteCount: Int { rows * stack.tensor.rowByteCount }

    /// A thread's memory for making up to `rowCount` rows ready at a time.
    func preparingWorkingSet(rowCount: Int) -> WorkingSet {
        let count = min(rowCount, rows)
        let encoded = ScratchSpace.workingSet([.encoded: (count * stack.tensor.rowByteCount + 3) / 4])
        switch form {
        case .float32: return encoded
        case .bfloat16: return encoded + ScratchSpace.workingSet([.decoded: areBFloats ? 0 : count * columns])
        case .integers(let layout):
            return encoded + ScratchSpace.workingSet([.decoded: Self.partCount(count, layout)])
        }
    }

    /// Whether the encoded rows are bfloat16 numbers in pairs.
    private var areBFloats: Bool { stack.tensor.type == .bf16 && columns.isMultiple(of: 2) }

    /// The words that the numbers, scales and offsets of rows take.
    private static func partCount(_ rowCount: Int, _ layout: IntegerLayout) -> Int {
        rowCount * (layout.columns / 4 + 2 * layout.groupCount)
    }

    /// Decodes rows of matrix `expert` into `target`, ``columns`` values each.
    func decode(
        rows range: Range<Int>, expert: Int = 0, into target: UnsafeMutablePointer<Float>, scratch: ScratchSpace
    ) throws {
        try read(range, expert: expert, scratch: scratch) { try stack.decode($0, range, of: expert, into: target) }
    }

    /// Reads encoded rows and does something with them.
    private func read(
        _ range: Range<Int>, expert: Int, scratch: ScratchSpace, _ body: (_ bytes: UnsafeRawPointer) throws -> Void
    ) throws {
        let bytes = scratch.encodedBytes(range.count * stack.tensor.rowByteCount)
        do {
            try scratch.time(.read) { try stack.read(range, of: expert, into: bytes) }
            try scratch.time(.dequantize) { try body(UnsafeRawPointer(bytes.baseAddress!)) }
        } catch let weight as NonFiniteWeight {
            throw RuntimeError(.nonFiniteWeight(row: expert * rows + weight.row), place: name)
        }
    }

    /// Makes rows of matrix `expert` ready to be multiplied.
    ///
    /// - Parameters:
    ///   - target: where the rows go, from `place` on, a multiple of 16; of the matrix's ``form``.
    func prepare(
        rows range: Range<Int>, expert: Int = 0, in target: PreparedWeights, at place: Int = 0, scratch: ScratchSpace
    ) throws {
        let places = place..<place + range.count
        switch form {
        case .float32:
            try decode(rows: range, expert: expert, into: target.values + place * columns, scratch: scratch)
        case .bfloat16:
            let panels = target.panels(columns: columns)
            let values = scratch.floats(.decoded, range.count * columns)
            try read(range, expert: expert, scratch: scratch) { bytes in
                if areBFloats {
                    try stack.demandFinite(bytes, range, of: expert, values: values)
                    panels.fill(rows: places, fromBFloats: bytes, length: columns)
                } else {
                    try stack.decode(bytes, range, of: expert, into: values)
                    panels.fill(rows: places, from: values, stride: columns, length: columns)
                }
            }
        case .integers(let layout):
            let scales = scratch.floats(.decoded, Self.partCount(range.count, layout))
            let offsets = scales + range.count * layout.groupCount
            let numbers = UnsafeMutableRawPointer(offsets + range.count * layout.groupCount)
                .assumingMemoryBound(to: UInt8.self)
            try read(range, expert: expert, scratch: scratch) { bytes in
                try stack.takeApart(
                    bytes, range, of: expert, into: IntegerElements(numbers: numbers, scales: scales, offsets: offsets))
                target.panels(layout).fill(rows: places, numbers: numbers, scales: scales, offsets: offsets)
            }
        }
    }

    /// A copy of the matrix that holds its encoded bytes in memory.
    func loaded() throws -> WeightMatrix {
        try WeightMatrix(source: LoadedTensor(stack.source, stack.index), index: 0, precision)
    }

    /// Tells the system what will be done with the bytes of matrix `expert`.
    func advise(_ use: ExpectedUse, expert: Int) { stack.advise(use, of: expert) }
}
