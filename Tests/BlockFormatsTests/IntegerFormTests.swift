import BlockFormats
import Files
import Numerics
import Tensors
import Testing

@Suite("Whole numbers")
struct IntegerFormTests {
    /// Blocks of any bytes.
    private struct Blocks: TensorSource {
        let tensors: [TensorDescriptor]
        let bytes: [UInt8]

        init(_ type: TensorType, seed: UInt64) throws {
            let shape = try #require(TensorShape([512, 8]))
            tensors = [try #require(TensorDescriptor(name: "blocks", shape: shape, type: type))]
            var random = SeededRandom(seed: seed)
            bytes = (0..<8 * tensors[0].rowByteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
        }

        func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
            let length = tensors[0].rowByteCount
            bytes[rows.lowerBound * length..<rows.upperBound * length].withUnsafeBytes { buffer.copyMemory(from: $0) }
        }

        func origin(ofTensorAt index: Int, row: Int) -> RowOrigin {
            RowOrigin(file: "blocks", tensor: "blocks", row: row)
        }
    }

    @Test("are there for all quantized types", arguments: BlockFormats.supportedTypes)
    func types(type: TensorType) throws {
        let stack = try #require(MatrixStack(Blocks(type, seed: 1), 0))
        #expect((stack.integerForm != nil) == type.isQuantized)
    }

    @Test("with their scales and offsets are the values, bit for bit", arguments: BlockFormats.supportedTypes)
    func values(type: TensorType) throws {
        guard type.isQuantized else { return }
        var finiteCount = 0
        for seed in 0..<40 {
            let blocks = try Blocks(type, seed: UInt64(seed))
            let stack = try #require(MatrixStack(blocks, 0))
            let form = try #require(stack.integerForm)
            for row in 0..<8 {
                guard let expected = try? stack.values(row..<row + 1) else {
                    // What cannot be decoded cannot be taken apart.
                    #expect(throws: NonFiniteWeight.self) { try parts(of: blocks, row, stack, form) }
                    continue
                }
                finiteCount += 1
                let (numbers, scales, offsets) = try parts(of: blocks, row, stack, form)
                #expect(numbers.allSatisfy { Int($0) <= form.greatest + (type == .tq2_0 ? 1 : 0) })
                let found = numbers.indices.map { place in
                    let group = place / form.groupLength
                    let product = scales[group] * Float(Int(numbers[place]) + form.lowest)
                    return form.hasOffsets ? product + offsets[group] : product
                }
                #expect(found == expected)
            }
        }
        #expect(finiteCount > 20)
    }

    private func parts(
        of blocks: Blocks, _ row: Int, _ stack: MatrixStack, _ form: IntegerForm
    ) throws -> (numbers: [UInt8], scales: [Float], offsets: [Float]) {
        var numbers = [UInt8](repeating: 0, count: 512)
        var scales = [Float](repeating: .nan, count: 512 / form.groupLength)
        var offsets = scales
        let length = blocks.tensors[0].rowByteCount
        try blocks.bytes[row * length..<(row + 1) * length].withUnsafeBytes { bytes in
            try numbers.withUnsafeMutableBufferPointer { numbers in
                try scales.withUnsafeMutableBufferPointer { scales in
                    try offsets.withUnsafeMutableBufferPointer { offsets in
                        try stack.takeApart(
                            bytes.baseAddress!, row..<row + 1,
                            into: IntegerElements(
                                numbers: numbers.baseAddress!, scales: scales.baseAddress!,
                                offsets: offsets.baseAddress!))
                    }
                }
            }
        }
        return (numbers, scales, offsets)
    }
}
