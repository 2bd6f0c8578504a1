import Foundation
import GGUF
import TestSupport
import Tensors
import Testing
import Verification

/// Blocks of every type beside what ggml_validate_row_data says of them, of `Tests/Generators/verification_golden.py`.
@Suite struct BlockTests {
    private struct Change: Decodable {
        let offset: Int
        let bytes: [UInt8]
        let isLegal: Bool

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            offset = try container.decode(Int.self)
            bytes = BlockTests.bytes(try container.decode(String.self))
            isLegal = try container.decode(Bool.self)
        }
    }

    private struct Entry: Decodable {
        let block: String
        let cases: [Change]
    }

    private static let entries = Result {
        try JSONDecoder().decode(
            [String: Entry].self,
            from: Data(contentsOf: URL(filePath: Fixtures.path("golden/verification/blocks.json"))))
    }

    /// Types with codes that ggml reads without a word though no encoder writes them.
    private static let stricter: Set<TensorType> = [.tq1_0, .tq2_0, .mxfp4, .nvfp4]

    private static func bytes(_ text: String) -> [UInt8] {
        let digits = Array(text.utf8).map { UInt8(String(UnicodeScalar($0)), radix: 16) ?? 0 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    @Test(arguments: TensorType.allCases.filter { ![.i8, .i16, .i32, .i64].contains($0) })
    func everyType(_ type: TensorType) throws {
        let entry = try #require(try Self.entries.get()[type.name])
        let blocks = entry.cases.map { change in
            var block = Self.bytes(entry.block)
            block.replaceSubrange(change.offset..<change.offset + change.bytes.count, with: change.bytes)
            return block
        }
        let illegal = Set(try findings(blocks, type).compactMap(\.subject))
        for (index, change) in entry.cases.enumerated() {
            if !change.isLegal || !Self.stricter.contains(type) {
                #expect(illegal.contains("case.\(index)") == !change.isLegal, "\(type.name), case \(index)")
            }
        }
        #expect(!illegal.contains("case.0"), "the block as ggml has encoded it")
    }

    /// Each block becomes a tensor of a file.
    private func findings(_ blocks: [[UInt8]], _ type: TensorType) throws -> [Finding] {
        try Fixtures.withTemporaryDirectory { directory in
            let path = directory + "/blocks.gguf"
            let shape = try #require(TensorShape([type.blockLength]))
            let tensors = try blocks.indices.map {
                try #require(TensorDescriptor(name: "case.\($0)", shape: shape, type: type))
            }
            try write(tensors, blocks, to: path)
            return try FileVerification().run(path).findings
        }
    }

    private func write(_ tensors: [TensorDescriptor], _ data: [[UInt8]], to path: String) throws {
        var metadata = GGUFMetadata()
        metadata["general.type"] = .string("blocks")
        var writer = try GGUFWriter(path: path, metadata: metadata, tensors: tensors)
        for bytes in data {
            try bytes.withUnsafeBytes { try writer.append($0) }
            try writer.endTensor()
        }
        try writer.finish()
    }

    private func mxfp4(_ exponent: UInt8, _ codes: UInt8) -> [UInt8] { [exponent] + Array(repeating: codes, count: 16) }

    @Test func codesThatNoEncoderWrites() throws {
        // 12 · 2¹²⁴ is finite, 8 · 2¹²⁵ is not.
        let exponents = try findings(
            [mxfp4(252, 0x77), mxfp4(253, 0x55), mxfp4(253, 0x16), mxfp4(254, 0x33), mxfp4(254, 0xc1)], .mxfp4)
        #expect(exponents.map(\.subject) == ["case.2", "case.4"])
        let scales = [0x7e, 0x7f, 0x80, 0].map { [UInt8]([0, 0, 0, $0]) + [UInt8](repeating: 0, count: 32) }
        #expect(try findings(scales, .nvfp4).map(\.subject) == ["case.1", "case.2"])
        let pairs = [0b1010_1010, 0b1011_1010].map { [UInt8](repeating: $0, count: 64) + [0, 0] }
        #expect(try findings(pairs, .tq2_0).map(\.subject) == ["case.1"])
        // ⌈256 n / 243⌉ is 19 for 18 and 21 for 19.
        let digits = [UInt8(18), 19, 20].map { [$0] + [UInt8](repeating: 0, count: 53) }
        #expect(try findings(digits, .tq1_0).map(\.subject) == ["case.2"])
    }

    /// Row, block and byte of the first of several.
    @Test func placesInLargeTensors() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let shape = try #require(TensorShape([64, 40_000]))
            let tensor = try #require(TensorDescriptor(name: "a.weight", shape: shape, type: .q8_0))
            var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
            for block in [70_001, 75_002] { bytes[34 * block + 1] = 0x7c }
            try write([tensor], [bytes], to: directory + "/a.gguf")
            let file = try GGUFFile(path: directory + "/a.gguf")
            let finding = try #require(try FileVerification().run(directory + "/a.gguf").findings.first)
            #expect(finding.count == 2)
            #expect(finding.place?.row == 35_000 && finding.place?.block == 1)
            #expect(finding.place?.byteOffset == file.location(ofTensorAt: 0).fileOffset + 34 * 70_001)
            #expect(finding.description.contains("a.weight, row 35000, block 1, byte"))
        }
    }
}
