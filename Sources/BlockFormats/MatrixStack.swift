import Files
import Parallelism
import Tensors

/// A tensor of a source seen as matrices, one for each expert of a stack, that are decoded to float32 in parts.
///
/// Rows are counted from the first of a matrix, and may run on into the matrices after it. Threads may share it.
public struct MatrixStack: Sendable {
    /// The tensor as it is stored.
    public let tensor: TensorDescriptor
    /// The source that the tensor is read from.
    public let source: any TensorSource
    /// The tensor's index in the source.
    public let index: Int
    private let codec: any BlockCodec
    private let integerCodec: (any IntegerCodec)?

    /// Makes a stack of the tensor at an index of a source; nothing is read yet.
    ///
    /// - Returns: nil if no codec exists for the type that the tensor is stored in.
    public init?(_ source: any TensorSource, _ index: Int) {
        let tensor = source.tensors[index]
        guard let codec = BlockFormats.codec(for: tensor.type) else { return nil }
        self.tensor = tensor
        self.source = source
        self.index = index
        self.codec = codec
        integerCodec = codec as? any IntegerCodec
    }

    /// The number of elements in a row.
    public var columns: Int { tensor.shape.rowLength }
    /// The number of rows of one matrix.
    public var rows: Int { tensor.shape.matrixRowCount }
    /// The number of matrices in the stack.
    public var count: Int { tensor.shape.matrixCount }

    /// Reads encoded rows.
    ///
    /// - Parameters:
    ///   - rows: row numbers, counted from the first of the matrix.
    ///   - matrix: the number of the matrix in the stack.
    ///   - bytes: receives `rows.count · tensor.rowByteCount` bytes.
    /// - Throws: the errors of the source.
    public func read(_ rows: Range<Int>, of matrix: Int = 0, into bytes: UnsafeMutableRawBufferPointer) throws {
        try source.readRows(ofTensorAt: index, rows: stackRows(rows, of: matrix), into: bytes)
    }

    /// Decodes rows that ``read(_:of:into:)`` has read.
    ///
    /// - Parameters:
    ///   - bytes: the encoded rows, `rows.count · tensor.rowByteCount` bytes.
    ///   - rows: the numbers of these rows, counted from the first of the matrix; errors name them.
    ///   - columns: the columns to decode, bounded by multiples of the block length; nil for all.
    ///   - matrix: the number of the matrix in the stack.
    ///   - values: receives `columns.count` values of each row, one row after the other.
    /// - Throws: ``NonFiniteWeight`` if a value is infinite or not a number.
    public func decode(
        _ bytes: UnsafeRawPointer, _ rows: Range<Int>, columns: Range<Int>? = nil, of matrix: Int = 0,
        into values: UnsafeMutablePointer<Float>
    ) throws {
        let all = 0..<self.columns
        let columns = columns ?? all
        let count = rows.count * columns.count
        if columns == all {
            codec.decode(bytes, count: count, into: values)
        } else {
            let start = tensor.bytes(ofColumns: columns).lowerBound
            for row in 0..<rows.count {
                codec.decode(
                    bytes + (row * tensor.rowByteCount + start), count: columns.count,
                    into: values + row * columns.count)
            }
        }
        guard let position = firstNonFinite(values, count: count) else { return }
        let (row, column) = position.quotientAndRemainder(dividingBy: columns.count)
        throw NonFiniteWeight(
            row: rows.lowerBound + row, column: columns.lowerBound + column, value: values[position],
            origin: origin(of: rows.lowerBound + row, of: matrix))
    }

    /// Reads and decodes rows of a matrix.
    ///
    /// - Parameters:
    ///   - rows: row numbers, counted from the first of the matrix.
    ///   - columns: the columns to decode, bounded by multiples of the block length; nil for all.
    ///   - matrix: the number of the matrix in the stack.
    ///   - values: receives `columns.count` values of each row, one row after the other.
    /// - Throws: ``NonFiniteWeight`` if a value is infinite or not a number, and the errors of the source.
    public func decode(
        _ rows: Range<Int>, columns: Range<Int>? = nil, of matrix: Int = 0, into values: UnsafeMutablePointer<Float>
    ) throws {
        try withUnsafeTemporaryAllocation(byteCount: rows.count * tensor.rowByteCount, alignment: 64) { bytes in
            try read(rows, of: matrix, into: bytes)
            try decode(UnsafeRawPointer(bytes.baseAddress!), rows, columns: columns, of: matrix, into: values)
        }
    }

    /// Reads and decodes a matrix or rows of it, pieces in parallel.
    ///
    /// - Parameters:
    ///   - rows: row numbers, counted from the first of the matrix; nil for all.
    ///   - columns: the columns to decode, bounded by multiples of the block length; nil for all.
    ///   - matrix: the number of the matrix in the stack.
    ///   - values: receives `columns.count` values of each row, one row after the other.
    ///   - parallel: runs the pieces.
    /// - Throws: ``NonFiniteWeight`` if a value is infinite or not a number, and the errors of the source.
    package func decode(
        rows: Range<Int>? = nil, columns: Range<Int>? = nil, of matrix: Int = 0,
        into values: UnsafeMutablePointer<Float>, parallel: Parallel
    ) throws {
        let width = columns?.count ?? self.columns
        let wanted = rows ?? 0..<self.rows
        let target = Target(base: values)
        try parallel.forEachRange(wanted.count, length: rowsPerPiece) { piece, _ in
            let rows = wanted.lowerBound + piece.lowerBound..<wanted.lowerBound + piece.upperBound
            try decode(rows, columns: columns, of: matrix, into: target.base + piece.lowerBound * width)
        }
    }

    /// The values of rows of a matrix, one row after the other.
    ///
    /// - Parameters:
    ///   - rows: row numbers, counted from the first of the matrix.
    ///   - columns: the columns to decode, bounded by multiples of the block length; nil for all.
    ///   - matrix: the number of the matrix in the stack.
    /// - Throws: ``NonFiniteWeight`` if a value is infinite or not a number, and the errors of the source.
    public func values(_ rows: Range<Int>, columns: Range<Int>? = nil, of matrix: Int = 0) throws -> [Float] {
        guard !rows.isEmpty else { return [] }
        let count = rows.count * (columns?.count ?? self.columns)
        return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            try decode(rows, columns: columns, of: matrix, into: buffer.baseAddress!)
            initialized = count
        }
    }

    /// What the values are as whole numbers; nil if they are none.
    package var integerForm: IntegerForm? { integerCodec?.integerForm }

    /// Takes rows that ``read(_:of:into:)`` has read apart into whole numbers, scales and offsets, without rounding.
    ///
    /// - Parameters:
    ///   - bytes: the encoded rows, `rows.count · tensor.rowByteCount` bytes.
    ///   - rows: the numbers of these rows, counted from the first of the matrix; errors name them.
    ///   - matrix: the number of the matrix in the stack, which has an ``integerForm``.
    ///   - target: receives the parts of each row, one row after the other.
    /// - Throws: ``NonFiniteWeight`` if a value is infinite or not a number.
    package func takeApart(
        _ bytes: UnsafeRawPointer, _ rows: Range<Int>, of matrix: Int = 0, into target: IntegerElements
    ) throws {
        guard let integerCodec else { preconditionFailure("\(tensor.type.name) has no whole numbers") }
        let form = integerCodec.integerForm
        let count = rows.count * columns
        integerCodec.takeApart(bytes, count: count, into: target)
        let groupCount = count / form.groupLength
        let isSafe =
            Self.areModerate(target.scales, count: groupCount)
            && (!form.hasOffsets || Self.areModerate(target.offsets, count: groupCount))
        guard !isSafe else { return }
        // Decoding finds the value if there is one, and tells where it is.
        try withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
            try decode(bytes, rows, of: matrix, into: values.baseAddress!)
        }
    }

    /// Whether all numbers are far from infinite, so that numbers of 8 bits times them are finite.
    private static func areModerate(_ values: UnsafePointer<Float>, count: Int) -> Bool {
        var greatest: UInt32 = 0
        for index in 0..<count { greatest = max(greatest, values[index].bitPattern & 0x7fff_ffff) }
        return Float(bitPattern: greatest) < 0x1p110
    }

    /// Fails if encoded rows hold a value that is not finite.
    ///
    /// - Parameters:
    ///   - bytes: rows that ``read(_:of:into:)`` has read.
    ///   - rows: the numbers of these rows, counted from the first of the matrix; errors name them.
    ///   - matrix: the number of the matrix in the stack.
    ///   - values: room for the values of the rows, which is used if they have to be decoded.
    /// - Throws: ``NonFiniteWeight`` if a value is infinite or not a number.
    public func demandFinite(
        _ bytes: UnsafeRawPointer, _ rows: Range<Int>, of matrix: Int = 0,
        values: UnsafeMutablePointer<Float>
    ) throws {
        if let exponent = tensor.type.halfWordExponent,
            firstNonFinite(halfWords: bytes, count: rows.count * columns, exponent: exponent) == nil
        {
            return
        }
        try decode(bytes, rows, of: matrix, into: values)
    }

    /// The place where a row is stored, for messages; rows are counted from the first of the matrix.
    public func origin(of row: Int, of matrix: Int = 0) -> RowOrigin {
        source.origin(ofTensorAt: index, row: matrix * rows + row)
    }

    /// Tells the system what will be done with the bytes of a matrix.
    public func advise(_ use: ExpectedUse, of matrix: Int) {
        source.advise(use, ofTensorAt: index, rows: stackRows(0..<rows, of: matrix))
    }

    /// Elements of a piece of parallel work, about.
    private static let pieceLength = 1 << 16

    /// The number of rows in a piece of parallel work, which depends on the tensor alone.
    public var rowsPerPiece: Int { max(1, min(rows, Self.pieceLength / columns)) }

    private func stackRows(_ rows: Range<Int>, of matrix: Int) -> Range<Int> {
        let first = matrix * self.rows
        return first + rows.lowerBound..<first + rows.upperBound
    }

    private struct Target: @unchecked Sendable {
        let base: UnsafeMutablePointer<Float>
    }
}

/// An error: a weight that is infinite or not a number.
public struct NonFiniteWeight: DiagnosticError, Equatable {
    /// The number of the row, counted from the first of the matrix that was asked for.
    public let row: Int
    /// The number of the column.
    public let column: Int
    /// The value that the weight is decoded to.
    public let value: Float
    /// The file and the tensor that hold the row, and its number there.
    public let origin: RowOrigin

    /// The error in words: the file, the tensor, the place of the weight and what to do.
    public var diagnostic: Diagnostic {
        Diagnostic(
            .input, file: origin.file, place: origin.tensor,
            "the weight in row \(origin.row), column \(column) is \(value), a finite number expected",
            advice: "download the file again; if the published one has it too, the model cannot be used")
    }
}
