import BlockFormats
import Numerics
import Parallelism
import Tensors
import Testing
import Verification

/// What is done to weights, and whether they are still taken for quantizations of the original ones.
@Suite struct OriginTests {
    /// What somebody may do to a tensor of several matrices.
    enum Change: String, CaseIterable {
        case nothing, otherWeights, matricesSwapped, blockCopied, rowCopied, blockScaled, rowScaled, columnScaled

        /// Whether weights of this type, in a matrix of 256 rows, show it. What 1-bit and ternary codes say of sizes, and what
        /// two bits say of columns as short as these, is less than importances may change.
        func isSeen(in type: TensorType) -> Bool {
            switch self {
            case .nothing: false
            case .otherWeights, .matricesSwapped, .rowCopied: true
            case .blockCopied: ![.q1_0, .q2_0].contains(type)
            case .blockScaled, .rowScaled: ![.q1_0, .q2_0, .tq1_0, .tq2_0, .iq1_S, .iq1_M].contains(type)
            case .columnScaled: type.bitsPerElement > 4
            }
        }
    }

    private static let shape = TensorShape([512, 256, 3])
    private static let types = BlockFormats.supportedTypes.filter(\.isQuantized)

    @Test(arguments: types)
    func everyTypeAndChange(_ type: TensorType) throws {
        let original = Self.weights(seed: 1)
        let honest = try Self.encoded(original, type)
        for change in Change.allCases {
            let findings = try Self.findings(try Self.applied(change, original, honest, type), type, original)
            #expect(findings.isEmpty || change != .nothing, "\(type.name): \(findings)")
            #expect(!findings.isEmpty || !change.isSeen(in: type), "\(type.name): \(change)")
        }
    }

    /// Importances that leave some columns to themselves.
    @Test(arguments: types)
    func guidedByImportances(_ type: TensorType) throws {
        let original = Self.weights(seed: 2)
        var random = SeededRandom(seed: 3)
        let importance = (0..<512).map { _ in Float.random(in: 0...1, using: &random).squared.squared + 1e-6 }
        let bytes = try Self.encoded(original, type, importance: importance)
        let findings = try Self.findings(bytes, type, original)
        #expect(findings.isEmpty, "\(type.name): \(findings)")
    }

    /// The finding names the place.
    @Test func places() throws {
        let original = Self.weights(seed: 1)
        let honest = try Self.encoded(original, .q4_K)
        func place(_ change: Change) throws -> WeightPlace? {
            try Self.findings(try Self.applied(change, original, honest, .q4_K), .q4_K, original).first?.place
        }
        let block = try #require(try place(.blockCopied))
        #expect(block.matrix == 1 && block.row == 7 && block.block == 1)
        let row = try #require(try place(.rowCopied))
        #expect(row.matrix == 0 && row.row == 100)
        let column = try #require(try place(.columnScaled))
        #expect(column.matrix == 0 && column.column == 37)
        #expect(try place(.matricesSwapped)?.matrix == 0)
    }

    /// Types that hold the original's values as they are show the least change.
    @Test func aSingleFloat() throws {
        var values = Self.weights(seed: 4)
        let original = values
        #expect(try Self.findings(Self.bytes(values), .f32, original).isEmpty)
        values[512 * 300 + 5] = values[512 * 300 + 5].nextUp
        let finding = try #require(try Self.findings(Self.bytes(values), .f32, original).first)
        #expect(finding.place?.matrix == 1 && finding.place?.row == 44)
    }

    /// Rows that the original does not have hold nothing; columns may.
    @Test func padding() throws {
        let original = Self.weights(seed: 5, count: 192 * 100)
        func findings(_ corner: Float, row: Int) throws -> [Finding] {
            var wide = [Float](repeating: 0, count: 256 * 128)
            for row in 0..<100 {
                for column in 0..<192 { wide[256 * row + column] = original[192 * row + column] }
            }
            wide[256 * row + 255] = corner
            let shapes = (try #require(TensorShape([256, 128])), try #require(TensorShape([192, 100])))
            return try Self.findings(
                try Self.encoded(wide, .q4_K, columns: 256), .q4_K, original, shape: shapes.0, originalShape: shapes.1)
        }
        #expect(try findings(0, row: 0).isEmpty)
        #expect(try findings(0.01, row: 3).isEmpty)
        #expect(try findings(1, row: 127).first?.place?.row == 127)
    }

    /// A fine matrix that was fitted to what coarse ones have made of its inputs is farther from the original's than its type
    /// asks for, and none of another model is near enough.
    @Test func movedByCalibration() throws {
        let original = Self.weights(seed: 6)
        let others = Self.weights(seed: 7)
        let moved = try Self.encoded(zip(original, others).map { 0.87 * $0 + 0.25 * $1 }, .q5_K)
        #expect(try !Self.findings(moved, .q5_K, original).isEmpty)
        #expect(try !Self.findings(moved, .q5_K, original, coarsestFitted: .q5_K).isEmpty)
        #expect(try Self.findings(moved, .q5_K, original, coarsestFitted: .iq2_XXS).isEmpty)
        let foreign = try Self.encoded(others, .q5_K)
        #expect(try !Self.findings(foreign, .q5_K, original, coarsestFitted: .iq2_XXS).isEmpty)
    }

    private static func applied(
        _ change: Change, _ original: [Float], _ honest: [UInt8], _ type: TensorType
    ) throws -> [UInt8] {
        let (columns, rows) = (512, 256)
        let rowSize = columns / type.blockLength * type.blockByteCount
        var (bytes, values) = (honest, original)
        switch change {
        case .nothing: return honest
        case .otherWeights: return try encoded(weights(seed: 99), type)
        case .matricesSwapped:
            let size = rows * rowSize
            bytes.replaceSubrange(0..<size, with: honest[size..<2 * size])
            bytes.replaceSubrange(size..<2 * size, with: honest[..<size])
            return bytes
        case .blockCopied:
            let target = (rows + 7) * rowSize + type.blockByteCount
            bytes.replaceSubrange(target..<target + type.blockByteCount, with: honest[..<type.blockByteCount])
            return bytes
        case .rowCopied:
            bytes.replaceSubrange(100 * rowSize..<101 * rowSize, with: honest[..<rowSize])
            return bytes
        case .blockScaled: for column in 0..<type.blockLength { values[9 * columns + column] *= 2.5 }
        case .rowScaled: for column in 0..<columns { values[9 * columns + column] *= 2 }
        case .columnScaled: for row in 0..<rows { values[row * columns + 37] *= 1.5 }
        }
        return try encoded(values, type)
    }

    private static func findings(
        _ bytes: [UInt8], _ type: TensorType, _ original: [Float], shape: TensorShape? = shape,
        originalShape: TensorShape? = shape, coarsestFitted: TensorType? = nil
    ) throws -> [Finding] {
        let decoded = try stack(shape, type, bytes)
        let source = try stack(originalShape, .f32, Self.bytes(original))
        return try TensorComparison(original: source, decoded: decoded, coarsestFitted: coarsestFitted)
            .run(parallel: Parallel()).findings
    }

    private static func stack(_ shape: TensorShape?, _ type: TensorType, _ bytes: [UInt8]) throws -> MatrixStack {
        let shape = try #require(shape)
        let tensor = try #require(TensorDescriptor(name: "a.weight", shape: shape, type: type))
        return try #require(MatrixStack(EncodedTensor(tensors: [tensor], bytes: bytes), 0))
    }

    /// Heavier at the ends than a normal distribution, in rows and columns of different sizes.
    private static func weights(seed: UInt64, count: Int = 512 * 256 * 3) -> [Float] {
        var random = SeededRandom(seed: seed)
        let sizes = (0..<512).map { _ in Float.random(in: 0.5...1.5, using: &random) }
        return (0..<count).map { index in
            let sum = (0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &random) }
            return sum * sum.magnitude.squareRoot() * sizes[index % 512] * sizes[index / 512 % 512] * 0.02
        }
    }

    private static func encoded(
        _ values: [Float], _ type: TensorType, importance: [Float]? = nil, columns: Int = 512
    ) throws -> [UInt8] {
        let rows = try ParallelRows(values.count / columns) { row in
            try BlockFormats.encode(
                Array(values[row * columns..<(row + 1) * columns]), as: type, importance: importance)
        }
        return rows.joined
    }

    private static func bytes(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
}

extension Float {
    fileprivate var squared: Float { self * self }
}

/// Rows that threads have encoded.
private struct ParallelRows {
    let joined: [UInt8]

    init(_ count: Int, _ encode: @Sendable (Int) throws -> [UInt8]) throws {
        let rows = ResultTable<[UInt8]>(repeating: [], count: count)
        try Parallel().forEach(count) { row, _ in rows[row] = try encode(row) }
        joined = rows.values.flatMap { $0 }
    }
}

/// A tensor in memory.
private struct EncodedTensor: TensorSource {
    let tensors: [TensorDescriptor]
    let bytes: [UInt8]

    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
        let size = tensors[0].rowByteCount
        bytes[rows.lowerBound * size..<rows.upperBound * size].withUnsafeBytes { buffer.copyMemory(from: $0) }
    }

    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin { RowOrigin(file: "memory", tensor: "a", row: row) }
}
