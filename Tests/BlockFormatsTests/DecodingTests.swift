import BlockFormats
import Foundation
import Tensors
import TestSupport
import Testing

/// Arbitrary valid blocks of every quantized type, and the values that ggml decodes them to.
private enum GoldenBlocks {
    struct Entry: Decodable {
        let blocks: Int
        let blocks_offset: Int
        let values_offset: Int
    }

    static let manifest = Result {
        let data = try Data(contentsOf: URL(filePath: Fixtures.path("golden/decode_manifest.json")))
        return try JSONDecoder().decode([String: Entry].self, from: data)
    }
    static let blocks = Result { try Fixtures.decompressed("golden/decode_blocks.bin.zst") }
    static let values = Result { try Fixtures.decompressed("golden/decode_values.bin.zst") }
}

@Suite("Decoding")
struct DecodingTests {
    @Test("equals ggml's, bit for bit", arguments: BlockFormats.supportedTypes.filter(\.isQuantized))
    func golden(type: TensorType) throws {
        let codec = try #require(BlockFormats.codec(for: type))
        let entry = try #require(GoldenBlocks.manifest.get()[type.name])
        let count = entry.blocks * type.blockLength
        var decoded = [Float](repeating: .infinity, count: count)
        try GoldenBlocks.blocks.get().withUnsafeBytes { blocks in
            codec.decode(blocks.baseAddress! + entry.blocks_offset, count: count, into: &decoded)
        }
        let expected = try GoldenBlocks.values.get().withUnsafeBytes { values in
            (0..<count).map { values.loadUnaligned(fromByteOffset: entry.values_offset + 4 * $0, as: UInt32.self) }
        }
        let differing = (0..<count).filter { decoded[$0].bitPattern != expected[$0] }
        #expect(differing.isEmpty, "first at \(differing.first ?? -1): \(differing.first.map { decoded[$0] } ?? 0)")
    }

    @Test("works at any address and writes no more than asked for", arguments: BlockFormats.supportedTypes)
    func unaligned(type: TensorType) throws {
        let codec = try #require(BlockFormats.codec(for: type))
        let count = 3 * 256
        let row = (0..<count).map { Float($0 % 37 - 18) / 16 }
        var bytes = [UInt8](repeating: 0xa5, count: count / type.blockLength * type.blockByteCount + 2)
        codec.encode(row, count: count, importance: nil, into: &bytes, offset: 1)
        #expect(bytes.first == 0xa5)
        #expect(bytes.last == 0xa5)
        var decoded = [Float](repeating: 777, count: count + 2)
        bytes.withUnsafeBytes { source in
            decoded.withUnsafeMutableBufferPointer {
                codec.decode(source.baseAddress! + 1, count: count, into: $0.baseAddress! + 1)
            }
        }
        #expect(decoded.first == 777)
        #expect(decoded.last == 777)
        #expect(decoded.allSatisfy { $0.isFinite })
    }

    @Test("every half-precision number becomes what it stands for, and back")
    func halfPrecision() throws {
        let codec = try #require(BlockFormats.codec(for: .f16))
        let patterns = (0...UInt16.max).map { $0 }
        var decoded = [Float](repeating: 0, count: patterns.count)
        patterns.withUnsafeBytes { codec.decode($0.baseAddress!, count: patterns.count, into: &decoded) }
        #expect(decoded[0x3c00] == 1)
        #expect(decoded[0x0001] == 0x1p-24)
        #expect(decoded[0x7bff] == 65504)
        #expect(decoded[0xfc00] == -.infinity)
        #expect(decoded[0x7c01...0x7fff].allSatisfy { $0.isNaN })
        let encoded = codec.encoded(decoded, importance: nil)
        for (index, pattern) in patterns.enumerated() where !decoded[index].isNaN {
            #expect(UInt16(encoded[2 * index]) | UInt16(encoded[2 * index + 1]) << 8 == pattern)
        }
    }

    @Test(
        "half precision rounds ties to even and never makes an infinity of a number",
        arguments: [
            (1 + 0x1p-11, 0x3c00), (1 + 0x3p-11, 0x3c02), (65519.996, 0x7bff), (1e30, 0x7bff),
            (-65536, 0xfbff), (0x1p-25, 0), (0x3p-25, 2), (.infinity, 0x7c00),
        ] as [(Float, UInt16)])
    func halfPrecisionRounding(value: Float, pattern: UInt16) throws {
        let encoded = try #require(BlockFormats.codec(for: .f16)).encoded([value], importance: nil)
        #expect(UInt16(encoded[0]) | UInt16(encoded[1]) << 8 == pattern)
    }

    @Test(
        "bfloat16 rounds ties to even",
        arguments: [
            (Float(bitPattern: 0x3f80_8000), 0x3f80), (Float(bitPattern: 0x3f81_8000), 0x3f82), (-2, 0xc000),
        ] as [(Float, UInt16)])
    func upperHalfRounding(value: Float, pattern: UInt16) throws {
        let codec = try #require(BlockFormats.codec(for: .bf16))
        let encoded = codec.encoded([value], importance: nil)
        #expect(UInt16(encoded[0]) | UInt16(encoded[1]) << 8 == pattern)
        #expect(codec.decoded(encoded, count: 1)[0].bitPattern == UInt32(pattern) << 16)
    }

    @Test(
        "the first element that is not finite is found wherever it is", arguments: [0, 1, 255, 256, 300, 511, 512, 999])
    func nonFinite(place: Int) {
        var row = [Float](repeating: 3.4e38, count: 1000)
        #expect(firstNonFinite(row, count: row.count) == nil)
        for value in [Float.infinity, -.infinity, .nan, .signalingNaN] {
            row[place] = value
            row[999] = .nan
            #expect(firstNonFinite(row, count: row.count) == place)
        }
        #expect(firstNonFinite(row, count: place) == nil)
    }
}
