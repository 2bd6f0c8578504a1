import BlockFormats
import Models
import Parallelism
import Tensors

/// The weights of a tensor beside the original ones, in every direction: matrices, rows, columns and blocks.
struct TensorMeasurement: Sendable {
    /// All matrices together.
    private(set) var total = Agreement()
    /// Each matrix of the stack.
    private(set) var matrices: [Agreement] = []
    /// Each row, one matrix after the other; those alone that the original has.
    private(set) var rows: [Agreement] = []
    /// Each column of each matrix, one matrix after the other; those alone that the original has.
    private(set) var columns: [Agreement] = []
    /// Blocks that may be foreign: those whose cosine or gain is not as in the rest of such blocks.
    private(set) var blocks: [Block] = []
    /// Whether there were more of them than are kept.
    private(set) var hasMoreBlocks = false
    /// The first weight that is not 0 in rows that the original does not have.
    private(set) var padding: WeightPlace?
    /// The number of columns of the original.
    let columnCount: Int
    /// The number of rows of a matrix of the original.
    let rowCount: Int

    struct Block: Sendable {
        /// Counted over all matrices.
        let row: Int
        let block: Int
        let sums: Agreement
    }

    /// Blocks that are kept, at most.
    private static let blockLimit = 1 << 14
    /// The greatest weight that pads a row. Formats whose scales are powers of two have no 0 among the scales, and may leave
    /// codes under their least one.
    private static let greatestPadding: Float = 0x1p-100
    /// Elements of a piece of work, about, and pieces of a matrix, at most.
    private static let pieceLength = 1 << 20
    private static let pieceLimit = 16
    /// Matrices whose columns are added up at the same time.
    private static let matrixLimit = 16

    /// Compares all of a tensor.
    ///
    /// - Parameters:
    ///   - original: Of as many matrices as `decoded`, whose rows and columns are no more than those of `decoded`.
    ///   - blockLength: The elements that are looked at as a block.
    ///   - bounds: What the sums of a block must keep to, or it is kept.
    init(
        original: MatrixStack, decoded: MatrixStack, blockLength: Int, bounds: AgreementBounds, parallel: Parallel,
        advance: @Sendable (_ byteCount: Int) -> Void
    ) throws {
        columnCount = original.columns
        rowCount = original.rows
        for start in stride(from: 0, to: decoded.count, by: Self.matrixLimit) {
            let matrices = start..<min(decoded.count, start + Self.matrixLimit)
            let bands = max(1, min(Self.pieceLimit, decoded.rows, decoded.rows * decoded.columns / Self.pieceLength))
            let results = ResultTable<Band?>(repeating: nil, count: matrices.count * bands)
            try parallel.forEach(results.count) { piece, _ in
                let (matrix, number) = piece.quotientAndRemainder(dividingBy: bands)
                let rows = decoded.rows * number / bands..<decoded.rows * (number + 1) / bands
                var band = Band(matrix: matrices.lowerBound + matrix, rows: rows, original: original, decoded: decoded)
                try band.measure(blockLength: blockLength, bounds: bounds, advance: advance)
                results[piece] = band
            }
            for matrix in matrices.indices {
                let first = (matrix - matrices.lowerBound) * bands
                add((first..<first + bands).compactMap { results[$0] })
            }
        }
    }

    /// Adds a matrix of the stack.
    private mutating func add(_ bands: [Band]) {
        var matrix = Agreement()
        var sums = [Double](repeating: 0, count: 3 * columnCount)
        for band in bands {
            for row in band.sums { matrix.add(row) }
            rows += band.sums
            for index in sums.indices { sums[index] += band.columns.sums[index] }
            padding = padding ?? band.padding
            hasMoreBlocks = hasMoreBlocks || band.hasMoreBlocks || blocks.count + band.blocks.count > Self.blockLimit
            blocks += band.blocks.prefix(Self.blockLimit - blocks.count)
        }
        matrices.append(matrix)
        total.add(matrix)
        columns += (0..<columnCount).map {
            Agreement(
                count: rowCount, squares: sums[$0], errors: sums[columnCount + $0],
                products: sums[2 * columnCount + $0])
        }
    }

    /// Rows of a matrix that one thread compares.
    private struct Band: Sendable {
        let matrix: Int
        let rows: Range<Int>
        let original: MatrixStack
        let decoded: MatrixStack
        /// Of each row that the original has.
        var sums: [Agreement] = []
        var columns: ColumnSums
        var blocks: [Block] = []
        var hasMoreBlocks = false
        var padding: WeightPlace?

        init(matrix: Int, rows: Range<Int>, original: MatrixStack, decoded: MatrixStack) {
            self.matrix = matrix
            self.rows = rows
            self.original = original
            self.decoded = decoded
            columns = ColumnSums(columns: original.columns)
        }

        /// Reads rows of both a few at a time, so that they are added up from the cache that decoding leaves them in.
        mutating func measure(
            blockLength: Int, bounds: AgreementBounds, advance: (_ byteCount: Int) -> Void
        ) throws {
            let length = max(1, min(rows.count, (1 << 15) / decoded.columns))
            let room = UnsafeMutableBufferPointer<Float>.allocate(capacity: 2 * length * decoded.columns)
            defer { room.deallocate() }
            let source = room.baseAddress!
            let values = source + length * decoded.columns
            var columns = columns
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: length) {
                let piece = first..<min(rows.upperBound, first + length)
                let shared = piece.clamped(to: 0..<original.rows)
                try decoded.decode(piece, of: matrix, into: values)
                if !shared.isEmpty { try original.decode(shared, of: matrix, into: source) }
                for row in piece {
                    let place = values + (row - first) * decoded.columns
                    if shared.contains(row) {
                        add(
                            row, source + (row - shared.lowerBound) * original.columns, place, to: &columns,
                            blockLength: blockLength, bounds: bounds)
                    } else if padding == nil,
                        let column = (0..<decoded.columns).first(where: {
                            !(place[$0].magnitude <= TensorMeasurement.greatestPadding)
                        })
                    {
                        padding = WeightPlace(matrix: matrix, row: row, column: column)
                    }
                }
                advance(piece.count * decoded.tensor.rowByteCount)
            }
            columns.flush()
            self.columns = columns
        }

        private mutating func add(
            _ row: Int, _ source: UnsafePointer<Float>, _ values: UnsafePointer<Float>, to columns: inout ColumnSums,
            blockLength: Int, bounds: AgreementBounds
        ) {
            var sums = Agreement()
            var foreign: [Block] = []
            columns.add(original: source, decoded: values, blockLength: blockLength) { block, part in
                sums.add(part)
                if !bounds.allow(part) {
                    foreign.append(Block(row: matrix * original.rows + row, block: block, sums: part))
                }
            }
            self.sums.append(sums)
            hasMoreBlocks = hasMoreBlocks || blocks.count + foreign.count > TensorMeasurement.blockLimit
            blocks += foreign.prefix(TensorMeasurement.blockLimit - blocks.count)
        }
    }
}
