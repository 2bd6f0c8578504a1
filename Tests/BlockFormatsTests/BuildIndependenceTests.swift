import BlockFormats
import CSIMD
import Foundation
import Tensors
import TestSupport
import Testing

/// Checksums of the golden rows' blocks (Tests/Generators/encode_digests.py); ours, from a build with AVX-512.
private let digests = Result {
    try JSONDecoder().decode(
        [String: [String]].self, from: Data(contentsOf: URL(filePath: Fixtures.path("golden/encode_digests.json"))))
}

@Suite("Encoding with any instructions")
struct BuildIndependenceTests {
    /// FNV-1a over bytes.
    private func checksum(_ bytes: [UInt8], from start: UInt64) -> UInt64 {
        bytes.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    @Test(
        "gives the same bytes wherever a · b + c is rounded once", .enabled(if: csimd_fuses_multiply_add()),
        arguments: BlockFormats.supportedTypes.filter(\.isQuantized))
    func bytes(type: TensorType) throws {
        let codec = try #require(BlockFormats.codec(for: type))
        let numbers = try Data(contentsOf: URL(filePath: Fixtures.path("golden/encode_rows.bin")))
        let rows = numbers.withUnsafeBytes { bytes in
            (0..<bytes.count / 4096).map { row in
                (0..<1024).map { bytes.loadUnaligned(fromByteOffset: 4096 * row + 4 * $0, as: Float.self) }
            }
        }
        let count = rows.count / 2
        var sums = [UInt64](repeating: 0xcbf2_9ce4_8422_2325, count: 2)
        for index in 0..<count {
            sums[0] = checksum(codec.encoded(rows[index], importance: rows[count + index]), from: sums[0])
            sums[1] = checksum(codec.encoded(rows[index], importance: nil), from: sums[1])
        }
        let found = sums.map { String($0, radix: 16) }
        #expect(try found == #require(digests.get()[type.name]))
    }
}
