import BlockFormats
import Foundation
import Numerics
import Tensors
import TestSupport
import Testing

/// Rows, importances, and the errors that ggml's encoders leave on them (Tests/Generators/encode_golden.py).
private struct GoldenErrors: Decodable {
    struct Entry: Decodable {
        let weighted: Double
        let plainOfSmooth: Double
        let padded: Double
    }

    let rows: Int
    let rowLength: Int
    let errors: [String: Entry]

    static let shared = Result {
        try JSONDecoder().decode(
            Self.self, from: Data(contentsOf: URL(filePath: Fixtures.path("golden/encode_errors.json"))))
    }
    static let numbers = Result {
        try Data(contentsOf: URL(filePath: Fixtures.path("golden/encode_rows.bin"))).withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    func row(_ index: Int) throws -> [Float] {
        Array(try Self.numbers.get()[index * rowLength..<(index + 1) * rowLength])
    }

    func importance(_ index: Int) throws -> [Float] { try row(rows + index) }
}

private let quantized = BlockFormats.supportedTypes.filter(\.isQuantized)

private func weightedError(_ decoded: [Float], _ row: [Float], _ weights: [Float]?) -> (error: Double, size: Double) {
    var error = 0.0
    var size = 0.0
    for index in row.indices {
        let weight = Double(weights?[index] ?? 1)
        let difference = Double(decoded[index]) - Double(row[index])
        error += weight * difference * difference
        size += weight * Double(row[index]) * Double(row[index])
    }
    return (error, size)
}

@Suite("Encoding")
struct EncodingTests {
    /// The relative error over some of the golden rows after `change`, with the importance or one as the weight.
    private func error(
        _ type: TensorType, everyOther: Bool = false, plain: Bool = false,
        change: (_ row: inout [Float], _ importance: inout [Float]) -> Void = { _, _ in }
    ) throws -> Double {
        let codec = try #require(BlockFormats.codec(for: type))
        let golden = try GoldenErrors.shared.get()
        var total = (error: 0.0, size: 0.0)
        for index in stride(from: 0, to: golden.rows, by: everyOther ? 2 : 1) {
            var row = try golden.row(index)
            var importance = try golden.importance(index)
            change(&row, &importance)
            let decoded = codec.decoded(codec.encoded(row, importance: importance), count: row.count)
            let added = weightedError(decoded, row, plain ? nil : importance)
            total = (total.error + added.error, total.size + added.size)
        }
        return (total.error / total.size).squareRoot()
    }

    @Test("leaves no more weighted error than ggml", arguments: quantized)
    func weightedErrorAgainstGgml(type: TensorType) throws {
        let reference = try #require(GoldenErrors.shared.get().errors[type.name])
        #expect(try error(type) <= reference.weighted * 1.0001)
    }

    @Test("does not pay for it with much more plain error", arguments: quantized)
    func plainErrorAgainstGgml(type: TensorType) throws {
        let reference = try #require(GoldenErrors.shared.get().errors[type.name])
        #expect(try error(type, everyOther: true, plain: true) <= reference.plainOfSmooth * 1.1)
    }

    @Test("columns of padding, zero in value and importance, take nothing from the others", arguments: quantized)
    func padding(type: TensorType) throws {
        let reference = try #require(GoldenErrors.shared.get().errors[type.name])
        let padded = try error(type) { row, importance in
            for column in row.indices where column % 256 >= 224 {
                row[column] = 0
                importance[column] = 0
            }
        }
        #expect(padded <= reference.padded * 1.0001)
    }

    @Test("is the same every time, whatever the scratch was used for before", arguments: quantized)
    func deterministic(type: TensorType) throws {
        let codec = try #require(BlockFormats.codec(for: type))
        let golden = try GoldenErrors.shared.get()
        let scratch = EncodingScratch()
        var results: [[UInt8]] = []
        for index in [0, 25, 0] {
            let row = try golden.row(index)
            var bytes = [UInt8](repeating: 0, count: row.count / type.blockLength * type.blockByteCount)
            codec.encode(
                row, count: row.count, importance: try golden.importance(index), into: &bytes, scratch: scratch)
            results.append(bytes)
        }
        #expect(results[0] == results[2])
        #expect(try results[0] == codec.encoded(golden.row(0), importance: golden.importance(0)))
        #expect(results[0] != results[1])
    }

    @Test("only ratios of importances count", arguments: quantized, [Float(0x1p-90), 0x1p60])
    func importanceScale(type: TensorType, factor: Float) throws {
        let codec = try #require(BlockFormats.codec(for: type))
        let golden = try GoldenErrors.shared.get()
        let row = try golden.row(3)
        let importance = try golden.importance(3)
        #expect(
            codec.encoded(row, importance: importance) == codec.encoded(row, importance: importance.map { $0 * factor })
        )
    }

    @Test("no importance, all zero and all equal are the same", arguments: quantized)
    func equalImportances(type: TensorType) throws {
        let codec = try #require(BlockFormats.codec(for: type))
        let row = try GoldenErrors.shared.get().row(30)
        let expected = codec.encoded(row, importance: nil)
        for value in [Float(0), 1, 0x1p-120, -1, .nan] {
            #expect(codec.encoded(row, importance: [Float](repeating: value, count: row.count)) == expected)
        }
    }

    @Test("odd rows give finite values close to what they hold", arguments: quantized, OddRow.allCases)
    func oddRows(type: TensorType, kind: OddRow) throws {
        let codec = try #require(BlockFormats.codec(for: type))
        let (row, importance) = kind.row
        let decoded = codec.decoded(codec.encoded(row, importance: importance), count: row.count)
        #expect(decoded.allSatisfy { $0.isFinite })
        guard kind.isEncodable, kind.fitsTwoBits || type.bitsPerElement > 2.6, !kind.exceeds(type) else { return }
        let error = weightedError(decoded, row, importance)
        // Nothing above the error of one bit per element; all-zero rows stay zero exactly.
        #expect(error.error <= 0.5 * error.size)
    }
}

/// Rows that real checkpoints hold now and then, and that break a careless search.
enum OddRow: CaseIterable {
    case zero, constant, negativeConstant, outlier, oneElement, denormal, tiny, huge, hugeMixture, zeroImportance
    case wideImportance, blockWithoutImportance, notFinite, notFiniteImportance, alternating, smallestScales

    /// Whether the formats' half-precision scales can represent such values at all, and the error can be measured.
    var isEncodable: Bool {
        switch self {
        case .denormal, .tiny, .huge, .hugeMixture, .notFinite, .notFiniteImportance, .smallestScales: false
        default: true
        }
    }

    /// Whether the type has no numbers of this size: NVFP4's scales end at 448, its elements at 6 · 448.
    func exceeds(_ type: TensorType) -> Bool { type == .nvfp4 && self == .outlier }

    /// Whether two bits per element can hold more of them than they lose: one large element takes the block's scale from
    /// all others.
    var fitsTwoBits: Bool {
        switch self {
        case .outlier, .oneElement: false
        default: true
        }
    }

    var row: (values: [Float], importance: [Float]?) {
        var random = SeededRandom(seed: 5)
        let plain = (0..<512).map { _ in Float.random(in: -0.05...0.05, using: &random) }
        let importance = (0..<512).map { _ in Float.random(in: 0.1...10, using: &random) }
        func changed(_ change: (inout [Float]) -> Void) -> [Float] {
            var row = plain
            change(&row)
            return row
        }
        switch self {
        case .zero: return ([Float](repeating: 0, count: 512), importance)
        case .constant: return ([Float](repeating: 0.37, count: 512), importance)
        case .negativeConstant: return ([Float](repeating: -2.5, count: 512), nil)
        case .outlier: return (changed { $0[77] = 1e4 }, importance)
        case .oneElement: return ((0..<512).map { $0 == 300 ? 1 : 0 }, importance)
        case .denormal: return (plain.map { $0 * 0x1p-130 }, importance)
        case .tiny: return (plain.map { $0 * 1e-20 }, importance)
        case .huge: return (plain.map { $0 * 6e30 * 1e9 }, importance)
        case .hugeMixture: return (changed { $0[0] = 3e38 }, importance)
        case .zeroImportance: return (plain, [Float](repeating: 0, count: 512))
        case .wideImportance:
            return (plain, (0..<512).map { _ in exp2(Float.random(in: -20...20, using: &random)) })
        case .blockWithoutImportance: return (plain, (0..<512).map { $0 % 256 < 64 ? 0 : importance[$0] })
        case .notFinite:
            return (
                changed {
                    $0[3] = .nan
                    $0[100] = .infinity
                    $0[300] = -.infinity
                }, importance
            )
        case .notFiniteImportance: return (plain, (0..<512).map { $0 == 9 ? .nan : $0 == 12 ? .infinity : 1 })
        case .alternating: return ((0..<512).map { $0 % 2 == 0 ? 0.01 : -0.01 }, importance)
        case .smallestScales: return (plain.map { $0 * 1e-5 }, importance)
        }
    }
}
