import Checkpoints
import SafetensorsIO
import TestSupport
import Testing

/// Experts as they are presented: the stored bytes, one matrix after the other, and zeros where they are padded.
@Suite struct PaddedRowsTests {
    private static let directory = Fixtures.path("models/xverse-moe-tiny")
    /// The bundled model's experts: 16 of width 224, padded to 256.
    private static let (hidden, length, padded) = (256, 224, 256)

    private func stored(_ matrix: String, expert: Int) throws -> [UInt8] {
        let files = try SafetensorsSet(directory: Self.directory)
        let entry = try #require(files.entry(named: "model.layers.1.mlp.experts.\(expert).\(matrix)_proj.weight"))
        return try [UInt8](unsafeUninitializedCapacity: entry.byteCount) { buffer, count in
            try files.read(entry, byteRange: 0..<entry.byteCount, into: UnsafeMutableRawBufferPointer(buffer))
            count = entry.byteCount
        }
    }

    private func rows(_ rows: Range<Int>, of name: String) throws -> [UInt8] {
        let tensors = try Checkpoint(directory: Self.directory, expertPadding: .on).tensors
        let index = try #require(tensors.tensors.firstIndex { $0.name == name })
        let byteCount = rows.count * tensors.tensors[index].rowByteCount
        var bytes = [UInt8](repeating: 0xa5, count: byteCount)
        try bytes.withUnsafeMutableBytes { try tensors.readRows(ofTensorAt: index, rows: rows, into: $0) }
        return bytes
    }

    @Test(arguments: [0..<1, 3..<7, 0..<256, 255..<257, 250..<521, 4000..<4096])
    func paddedColumns(range: Range<Int>) throws {
        var expected: [UInt8] = []
        for row in range {
            let bytes = try stored("down", expert: row / Self.hidden)
            let start = row % Self.hidden * 2 * Self.length
            expected += bytes[start..<start + 2 * Self.length]
            expected += [UInt8](repeating: 0, count: 2 * (Self.padded - Self.length))
        }
        #expect(try rows(range, of: "blk.1.ffn_down_exps.weight") == expected)
    }

    @Test(arguments: [0..<1, 223..<225, 224..<256, 230..<240, 200..<300, 250..<521, 4000..<4096])
    func paddedRows(range: Range<Int>) throws {
        var expected: [UInt8] = []
        for row in range {
            let bytes = try stored("gate", expert: row / Self.padded)
            let start = row % Self.padded * 2 * Self.hidden
            expected +=
                start < bytes.count
                ? bytes[start..<start + 2 * Self.hidden] : ArraySlice(repeating: 0, count: 2 * Self.hidden)
        }
        #expect(try rows(range, of: "blk.1.ffn_gate_exps.weight") == expected)
    }
}
