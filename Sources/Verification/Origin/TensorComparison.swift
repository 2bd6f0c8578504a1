import BlockFormats
import ModelArchitecture
import Parallelism
import Tensors

/// Whether the weights of a tensor are a quantization of the original ones.
package struct TensorComparison {
    let original: MatrixStack
    let decoded: MatrixStack
    /// The coarsest type of the model, if it says that it was fitted to texts.
    let coarsestFitted: TensorType?
    /// Whether columns are looked at, which some rows of a matrix say little of.
    var looksAtColumns = true

    /// Compares `decoded`, which may be padded, with as many matrices of `original`.
    package init(original: MatrixStack, decoded: MatrixStack, coarsestFitted: TensorType? = nil) {
        self.original = original
        self.decoded = decoded
        self.coarsestFitted = coarsestFitted
    }

    private var tensor: TensorDescriptor { decoded.tensor }

    private var isCalibrated: Bool { coarsestFitted != nil }

    /// The elements that are looked at as a block.
    private var blockLength: Int { tensor.type.isQuantized ? tensor.type.blockLength : 256 }

    /// The blocks of a row of the original.
    private var blockCount: Int { (original.columns + blockLength - 1) / blockLength }

    /// Whether the tensor is one that calibration changes though it is not quantized.
    private var isFittedRouter: Bool {
        isCalibrated && !tensor.type.isQuantized && TensorName(gguf: tensor.name)?.role == .router
    }

    /// Whether the type holds the original's values as they are.
    private var isLossless: Bool {
        guard !isFittedRouter else { return false }
        return switch (original.tensor.type, tensor.type) {
        case (.f32, .f32), (.f16, .f16), (.bf16, .bf16), (.f16, .f32), (.bf16, .f32): true
        default: false
        }
    }

    /// Reads both, and says what is not as in a quantization.
    ///
    /// - Parameter advance: Is told bytes of `decoded` that have been read, from any thread.
    package func run(
        parallel: Parallel, advance: @Sendable (_ byteCount: Int) -> Void = { _ in }
    ) throws -> OriginVerification.Tensor {
        let bounds = isFittedRouter ? .fittedRouter : bounds
        let measured = try TensorMeasurement(
            original: original, decoded: decoded, blockLength: blockLength,
            bounds: bounds.blocks, parallel: parallel, advance: advance)
        return OriginVerification.Tensor(
            tensor: tensor, originalType: original.tensor.type, agreement: measured.total,
            findings: findings(measured, bounds))
    }

    private var bounds: OriginBounds {
        var bounds = OriginBounds(of: tensor.type, isCalibrated: isCalibrated)
        if let coarsestFitted, tensor.type.isQuantized {
            bounds = bounds.drawn(toward: OriginBounds(of: coarsestFitted, isCalibrated: true))
        }
        return bounds.widened(by: OriginBounds(of: original.tensor.type, isCalibrated: false))
    }

    private func findings(_ measured: TensorMeasurement, _ bounds: OriginBounds) -> [Finding] {
        var findings: [Finding] = []
        if let padding = measured.padding {
            findings.append(finding(padding, "the row pads the original's, and holds other weights than 0"))
        }
        if isLossless { return findings + lossFindings(measured) }
        let foreign = Set(measured.matrices.indices.filter { !bounds.allowMatrix(measured.matrices[$0]) })
        findings += matrixFindings(measured, foreign.sorted(), bounds)
        let blocks = Dictionary(grouping: notableBlocks(measured, bounds, besides: foreign), by: \.row)
        let rows = foreignRows(measured, bounds, besides: foreign).filter { row in
            // A row that few of its blocks make foreign is told by these.
            blocks[row].map { $0.count == blockCount } ?? true
        }
        findings += rowFindings(measured, rows)
        findings += blockFindings(
            measured,
            blocks.filter { !rows.contains($0.key) }.values.joined().sorted { ($0.row, $0.block) < ($1.row, $1.block) })
        return looksAtColumns ? findings + columnFindings(measured, bounds, besides: foreign) : findings
    }

    /// Nothing is lost where nothing is quantized: the first row in which anything differs.
    private func lossFindings(_ measured: TensorMeasurement) -> [Finding] {
        let changed = measured.rows.indices.filter { !(measured.rows[$0].errors == 0) }
        guard let first = changed.first else { return [] }
        return [
            finding(
                place(ofRow: first, measured),
                "\(tensor.type.name) holds the original's \(original.tensor.type.name) values exactly, and has others",
                count: changed.count)
        ]
    }

    private func matrixFindings(
        _ measured: TensorMeasurement, _ foreign: [Int], _ bounds: OriginBounds
    ) -> [Finding] {
        guard let first = foreign.first else { return [] }
        let sums = measured.matrices[first]
        return [
            finding(
                measured.matrices.count > 1 ? WeightPlace(matrix: first) : nil,
                "these are not the original's weights: relative error \(sums.relativeError.short), at most "
                    + "\(bounds.relativeError.short) in \(tensor.type.name); cosine \(sums.cosine.short), gain \(sums.gain.short)",
                count: foreign.count)
        ]
    }

    /// Rows that are foreign, or of another size than their matrix.
    private func foreignRows(
        _ measured: TensorMeasurement, _ bounds: OriginBounds, besides foreign: Set<Int>
    ) -> [Int] {
        measured.matrices.indices.filter { !foreign.contains($0) }.flatMap { matrix in
            let range = matrix * measured.rowCount..<(matrix + 1) * measured.rowCount
            let gain = Self.median(range.map { measured.rows[$0].gain })
            return range.filter { number in
                let row = measured.rows[number]
                guard bounds.isNotable(row, in: measured.matrices[matrix]) else { return false }
                return !(row.cosine >= bounds.blocks.cosine) || !((row.gain - gain).magnitude <= bounds.blocks.gain)
            }
        }
    }

    private func rowFindings(_ measured: TensorMeasurement, _ rows: [Int]) -> [Finding] {
        guard let first = rows.first else { return [] }
        let row = measured.rows[first]
        return [
            finding(
                place(ofRow: first, measured),
                "the row is not a quantization of the original's: cosine \(row.cosine.short), gain \(row.gain.short)",
                count: rows.count)
        ]
    }

    private func notableBlocks(
        _ measured: TensorMeasurement, _ bounds: OriginBounds, besides foreign: Set<Int>
    ) -> [TensorMeasurement.Block] {
        measured.blocks.filter { block in
            let matrix = block.row / measured.rowCount
            return !foreign.contains(matrix) && bounds.isNotable(block.sums, in: measured.matrices[matrix])
        }
    }

    private func blockFindings(_ measured: TensorMeasurement, _ blocks: [TensorMeasurement.Block]) -> [Finding] {
        guard let first = blocks.first else { return [] }
        var place = place(ofRow: first.row, measured)
        place.block = first.block
        return [
            finding(
                place,
                "the block is not a quantization of the original's: cosine \(first.sums.cosine.short), gain "
                    + first.sums.gain.short, count: blocks.count)
        ]
    }

    private func columnFindings(
        _ measured: TensorMeasurement, _ bounds: OriginBounds, besides foreign: Set<Int>
    ) -> [Finding] {
        var outliers: [(place: WeightPlace, gain: Double, median: Double)] = []
        for matrix in measured.matrices.indices where !foreign.contains(matrix) {
            let columns = measured.columns[matrix * measured.columnCount..<(matrix + 1) * measured.columnCount]
            let gains = ColumnGains(Array(columns), isCalibrated: isCalibrated)
            outliers += gains.outliers.map {
                (
                    WeightPlace(matrix: measured.matrices.count > 1 ? matrix : nil, column: $0),
                    columns[columns.startIndex + $0].gain, gains.median
                )
            }
        }
        guard let first = outliers.first else { return [] }
        return [
            finding(
                first.place,
                "the column is \(first.gain.short) times as large as the original's, the others \(first.median.short) times",
                count: outliers.count)
        ]
    }

    private func place(ofRow row: Int, _ measured: TensorMeasurement) -> WeightPlace {
        let (matrix, row) = row.quotientAndRemainder(dividingBy: measured.rowCount)
        return WeightPlace(matrix: measured.matrices.count > 1 ? matrix : nil, row: row)
    }

    private func finding(_ place: WeightPlace?, _ problem: String, count: Int = 1) -> Finding {
        Finding(
            .origin, file: decoded.origin(of: place?.row ?? 0, of: place?.matrix ?? 0).file, subject: tensor.name,
            place: place, problem, count: count)
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

extension Double {
    /// Three digits behind the point.
    fileprivate var short: String {
        guard magnitude < 1e9 else { return "\(self)" }
        let thousandths = Int((magnitude * 1000).rounded())
        let digits = String(thousandths % 1000)
        let sign = self < 0 && thousandths > 0 ? "-" : ""
        return "\(sign)\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
