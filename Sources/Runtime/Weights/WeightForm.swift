import BlockFormats
import Numerics

/// The form in which the weights of a matrix are multiplied.
enum WeightForm: Sendable, Hashable {
    case float32(columns: Int)
    case bfloat16(columns: Int)
    case integers(IntegerLayout)

    /// The form of a tensor's matrices under a precision.
    init(of stack: MatrixStack, _ precision: Precision) {
        switch precision {
        case .reference: self = .float32(columns: stack.columns)
        case .fast:
            if let form = stack.integerForm, stack.columns.isMultiple(of: 32) {
                self = .integers(
                    IntegerLayout(
                        columns: stack.columns, groupLength: form.groupLength, lowest: form.lowest,
                        greatest: form.greatest, hasOffsets: form.hasOffsets))
            } else {
                self = .bfloat16(columns: stack.columns)
            }
        }
    }

    /// Rows that pieces of a matrix begin at multiples of.
    var rowStep: Int {
        if case .float32 = self { 1 } else { 16 }
    }

    /// The words of memory that so many rows of weights take.
    func weightCount(rowCount: Int) -> Int {
        switch self {
        case .float32(let columns): rowCount * columns
        case .bfloat16(let columns): BFloat16Panels.wordCount(vectorCount: rowCount, length: columns)
        case .integers(let layout): IntegerPanels.wordCount(rowCount: rowCount, layout)
        }
    }

    /// The words of memory that so many rows of inputs take.
    func inputCount(rowCount: Int) -> Int {
        switch self {
        case .float32: 0
        case .bfloat16(let columns): BFloat16Panels.wordCount(vectorCount: rowCount, length: columns)
        case .integers(let layout): IntegerRows.wordCount(rowCount: rowCount, layout)
        }
    }

    /// A thread's memory for the products of so many rows, without the rows.
    func productWorkingSet(rowCount: Int) -> WorkingSet {
        switch self {
        case .float32: ScratchSpace.productWorkingSet(rowCount: rowCount)
        case .bfloat16:
            ScratchSpace.workingSet([.tile: BFloat16Panels.tileLength * BFloat16Panels.tileLength])
        case .integers: .none
        }
    }
}

/// Rows of inputs in the form in which a matrix is multiplied.
struct PreparedRows: @unchecked Sendable {
    let rowCount: Int
    fileprivate let rows: Rows

    fileprivate enum Rows {
        case float32(UnsafePointer<Float>)
        case bfloat16(BFloat16Panels)
        case integers(IntegerRows)
    }

    /// - Parameters:
    ///   - values: `rowCount` rows, which stay where they are.
    ///   - buffer: gives room for so many words.
    init(
        _ values: UnsafePointer<Float>, rowCount: Int, _ form: WeightForm, in buffer: (_ count: Int) -> FloatBuffer
    ) {
        self.rowCount = rowCount
        switch form {
        case .float32: rows = .float32(values)
        case .bfloat16(let columns):
            let panels = BFloat16Panels(buffer(form.inputCount(rowCount: rowCount)), length: columns)
            panels.fill(rows: 0..<rowCount, from: values, stride: columns, length: columns)
            rows = .bfloat16(panels)
        case .integers(let layout):
            rows = .integers(
                IntegerRows(
                    rounding: values, rowCount: rowCount, for: layout, in: buffer(form.inputCount(rowCount: rowCount))))
        }
    }
}

/// Room for rows of weights in the form in which they are multiplied.
struct PreparedWeights: @unchecked Sendable {
    let form: WeightForm
    private let buffer: FloatBuffer
    private let offset: Int

    /// - Parameters:
    ///   - buffer: from the offset on, room for all rows.
    ///   - offset: where in the buffer they begin.
    init(_ form: WeightForm, _ buffer: FloatBuffer, offset: Int = 0) {
        self.form = form
        self.buffer = buffer
        self.offset = offset
    }

    /// The values, in single precision.
    var values: UnsafeMutablePointer<Float> { buffer.base + offset }
    /// The rows, in bfloat16.
    func panels(columns: Int) -> BFloat16Panels { BFloat16Panels(buffer, offset: offset, length: columns) }
    /// The rows, as whole numbers.
    func panels(_ layout: IntegerLayout) -> IntegerPanels { IntegerPanels(buffer, offset: offset, layout) }

    /// Multiplies rows of inputs with the first `outputs` rows.
    ///
    /// - Parameters:
    ///   - output: receives `outputs` values for each row of inputs.
    ///   - stride: from one row of `output` to the next.
    func multiply(
        _ input: PreparedRows, outputs: Int, into output: UnsafeMutablePointer<Float>, stride: Int,
        scratch: ScratchSpace
    ) {
        switch (form, input.rows) {
        case (.float32(let columns), .float32(let rows)):
            RowProducts.multiply(
                rows, rowCount: input.rowCount, with: UnsafePointer(values), outputs: outputs, columns: columns,
                into: output, stride: stride, room: scratch.productRoom(rowCount: input.rowCount))
        case (.bfloat16(let columns), .bfloat16(let rows)):
            let side = BFloat16Panels.tileLength
            rows.forEachProduct(
                0..<input.rowCount, with: panels(columns: columns), 0..<outputs, length: columns,
                tile: scratch.floats(.tile, side * side)
            ) { row, range, products in
                (output + (row &* stride &+ range.lowerBound)).update(from: products, count: range.count)
            }
        case (.integers(let layout), .integers(let rows)):
            panels(layout).multiply(rows, outputs: outputs, into: output, stride: stride)
        default: preconditionFailure("rows of another form")
        }
    }
}
