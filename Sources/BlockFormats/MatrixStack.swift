import Files
import Parallelism
import Tensors

/// A tensor of a source seen as matrices, one for each expert of a stack, that are decoded to float32 in parts.
///
/// Rows are counted from the first of a matrix, and may run on into the matrices after it. Threads may share it.
public struct MatrixStack: Sendable {
    /// As it is stored.
    public let tensor: TensorDescriptor
    public let source: any TensorSource
    /// The tensor's number in the source.
    public let index: Int
    private let codec: any BlockCodec

    /// - Returns: nil if no codec exists for the type that the tensor at `index` is stored in.
    public init?(_ source: any TensorSource, _ index: Int) {
        let tensor = source.tensors[index]
        guard let codec = BlockFormats.codec(for: tensor.type) else { return nil }
        self.tensor = tensor
        self.source = source
        self.index = index
        self.codec = codec
    }

    /// Elements of a row.
    public var columns: Int { tensor.shape.rowLength }
    /// Rows of one matrix.
    public var rows: Int { tensor.shape.matrixRowCount }
    /// Matrices of the stack.
    public var count: Int { tensor.shape.matrixCount }

    /// Reads encoded rows.
    ///
    /// - Parameters:
    ///   - rows: rows of `matrix`.
    ///   - bytes: receives `rows.count · tensor.rowByteCount` bytes.
    public func read(_ rows: Range<Int>, of matrix: Int = 0, into bytes: UnsafeMutableRawBufferPointer) throws {
        try source.readRows(ofTensorAt: index, rows: stackRows(rows, of: matrix), into: bytes)
    }

    /// Decodes rows that ``read(_:of:into:)`` has read.
    ///
    /// - Parameters:
    ///   - bytes: the rows, whole.
    ///   - columns: whole blocks; nil for all.
    ///   - values: receives the columns of one row after the other.
    /// - Throws: ``NonFiniteWeight``.
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

    /// Decodes rows of a matrix.
    ///
    /// - Parameters: as for ``decode(_:_:columns:of:into:)``.
    /// - Throws: ``NonFiniteWeight``, and what reading throws.
    public func decode(
        _ rows: Range<Int>, columns: Range<Int>? = nil, of matrix: Int = 0, into values: UnsafeMutablePointer<Float>
    ) throws {
        try withUnsafeTemporaryAllocation(byteCount: rows.count * tensor.rowByteCount, alignment: 64) { bytes in
            try read(rows, of: matrix, into: bytes)
            try decode(UnsafeRawPointer(bytes.baseAddress!), rows, columns: columns, of: matrix, into: values)
        }
    }

    /// Decodes a matrix, pieces of it in parallel.
    ///
    /// - Parameters: as for ``decode(_:_:columns:of:into:)``.
    /// - Throws: ``NonFiniteWeight``, and what reading throws.
    public func decode(
        columns: Range<Int>? = nil, of matrix: Int = 0, into values: UnsafeMutablePointer<Float>, parallel: Parallel
    ) throws {
        let width = columns?.count ?? self.columns
        let target = Target(base: values)
        try parallel.forEachRange(rows, length: rowsPerPiece) { rows, _ in
            try decode(rows, columns: columns, of: matrix, into: target.base + rows.lowerBound * width)
        }
    }

    /// The values of rows of a matrix, one row after the other.
    ///
    /// - Parameters: as for ``decode(_:_:columns:of:into:)``.
    /// - Throws: ``NonFiniteWeight``, and what reading throws.
    public func values(_ rows: Range<Int>, columns: Range<Int>? = nil, of matrix: Int = 0) throws -> [Float] {
        guard !rows.isEmpty else { return [] }
        let count = rows.count * (columns?.count ?? self.columns)
        return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            try decode(rows, columns: columns, of: matrix, into: buffer.baseAddress!)
            initialized = count
        }
    }

    /// Fails if encoded rows hold a value that is not finite.
    ///
    /// - Parameters:
    ///   - bytes: rows that ``read(_:of:into:)`` has read.
    ///   - values: room for the rows' values, used if they have to be decoded.
    /// - Throws: ``NonFiniteWeight``.
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

    /// Where a row is stored, for messages.
    public func origin(of row: Int, of matrix: Int = 0) -> RowOrigin {
        source.origin(ofTensorAt: index, row: matrix * rows + row)
    }

    /// Tells the system what will be done with the bytes of a matrix.
    public func advise(_ use: ExpectedUse, of matrix: Int) {
        source.advise(use, ofTensorAt: index, rows: stackRows(0..<rows, of: matrix))
    }

    /// Elements of a piece of parallel work, about.
    private static let pieceLength = 1 << 16

    /// Rows of a piece of parallel work; depends on the tensor alone.
    public var rowsPerPiece: Int { max(1, min(rows, Self.pieceLength / columns)) }

    private func stackRows(_ rows: Range<Int>, of matrix: Int) -> Range<Int> {
        let first = matrix * self.rows
        return first + rows.lowerBound..<first + rows.upperBound
    }

    private struct Target: @unchecked Sendable {
        let base: UnsafeMutablePointer<Float>
    }
}

/// A weight that is infinite or not a number.
public struct NonFiniteWeight: DiagnosticError, Equatable {
    /// Counted from the first row of the matrix that was asked for.
    public let row: Int
    public let column: Int
    public let value: Float
    /// The row in the words of the file that holds it.
    public let origin: RowOrigin

    public var diagnostic: Diagnostic {
        Diagnostic(
            .input, file: origin.file, place: origin.tensor,
            "the weight in row \(origin.row), column \(column) is \(value), a finite number expected",
            advice: "download the file again; if the published one has it too, the model cannot be used")
    }
}
