import BlockFormats
import Foundation
import TensorCore
import TestSupport
import Testing

private let groupTypes = BlockFormats.supportedTypes.filter { BlockFormats.codec(for: $0) is any QuantizingCodec }

extension QuantizingCodec {
    /// Encodes columns of the block at the beginning of `bytes` anew and returns what they decode to.
    fileprivate func encodedGroup(
        _ values: [Float], weights: [Float]? = nil, column: Int, in bytes: inout [UInt8]
    ) -> [Float] {
        // Guards on both sides show writes beyond the group.
        var decoded = [Float](repeating: 777, count: values.count + 2)
        bytes.withUnsafeMutableBytes { block in
            decoded.withUnsafeMutableBufferPointer { target in
                if let weights {
                    encodeGroup(
                        values, weights: weights, column: column, count: values.count, in: block.baseAddress!,
                        decoded: target.baseAddress! + 1)
                } else {
                    encodeGroup(
                        values, weights: nil, column: column, count: values.count, in: block.baseAddress!,
                        decoded: target.baseAddress! + 1)
                }
            }
        }
        #expect(decoded.first == 777 && decoded.last == 777)
        return Array(decoded.dropFirst().dropLast())
    }
}

@Suite("Encoding of groups")
struct GroupEncodingTests {
    private struct Sample {
        let codec: any QuantizingCodec
        let row: [Float]
        let importance: [Float]
        let block: [UInt8]
        var length: Int { codec.type.blockLength }

        /// One block of heavy-tailed elements.
        init(_ type: TensorType, seed: UInt64) throws {
            codec = try #require(BlockFormats.codec(for: type) as? any QuantizingCodec)
            var random = SeededRandom(seed: seed)
            row = (0..<type.blockLength).map { _ in
                let sum = (0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &random) }
                return 0.02 * sum * sum.magnitude
            }
            importance = (0..<type.blockLength).map { _ in exp(Float.random(in: -2...2, using: &random)) }
            block = codec.encoded(row, importance: importance)
        }
    }

    /// Columns and counts of groups: all sizes from the shortest up, at all kinds of places.
    private func groups(_ sample: Sample) -> [Range<Int>] {
        let step = sample.codec.groupLength
        let length = sample.length
        var groups = [0..<length, 0..<step, (length - step)..<length, (length / 2)..<length]
        for start in stride(from: 0, to: length, by: step) {
            for count in [step, 3 * step, 16, 24] where count % step == 0 && start + count <= length {
                groups.append(start..<start + count)
            }
        }
        return groups
    }

    @Test("a group's own decoded values change nothing", arguments: groupTypes)
    func unchanged(type: TensorType) throws {
        for seed in 0..<4 as Range<UInt64> {
            let sample = try Sample(type, seed: seed)
            let decoded = sample.codec.decoded(sample.block, count: sample.length)
            for columns in groups(sample) {
                var block = sample.block
                let again = sample.codec.encodedGroup(Array(decoded[columns]), column: columns.lowerBound, in: &block)
                #expect(again.map(\.bitPattern) == decoded[columns].map(\.bitPattern))
                #expect(sample.codec.decoded(block, count: sample.length) == decoded)
            }
        }
    }

    @Test("other columns stay, and the result is what the block decodes to", arguments: groupTypes)
    func otherColumns(type: TensorType) throws {
        let sample = try Sample(type, seed: 7)
        var random = SeededRandom(seed: 8)
        for columns in groups(sample) {
            let targets = columns.map { sample.row[$0] + Float.random(in: -0.05...0.05, using: &random) }
            var block = sample.block
            let result = sample.codec.encodedGroup(targets, column: columns.lowerBound, in: &block)
            var expected = sample.codec.decoded(sample.block, count: sample.length)
            expected.replaceSubrange(columns, with: result)
            #expect(sample.codec.decoded(block, count: sample.length).map(\.bitPattern) == expected.map(\.bitPattern))
        }
    }

    /// All values that each column can have under the block's scales: those that turn up when all bytes that hold codes are
    /// filled at random. A byte of codes belongs to eight columns at most; one of scales to at least sixteen, and in a block
    /// where no element is near zero it changes more than eight of them.
    private func reachableValues(_ sample: Sample) -> [Set<Float>] {
        var random = SeededRandom(seed: 31)
        let even = sample.codec.encoded((0..<sample.length).map { $0 % 2 == 0 ? 0.09 : -0.1 }, importance: nil)
        let decoded = sample.codec.decoded(even, count: sample.length)
        let codeBytes = sample.block.indices.filter { index in
            var changed = even
            changed[index] ^= 0xff
            let other = sample.codec.decoded(changed, count: sample.length)
            return zip(decoded, other).count { $0 != $1 } <= 8
        }
        var reachable = [Set<Float>](repeating: [], count: sample.length)
        for _ in 0..<2000 {
            var block = sample.block
            for index in codeBytes { block[index] = UInt8.random(in: 0...255, using: &random) }
            for (column, value) in sample.codec.decoded(block, count: sample.length).enumerated() {
                reachable[column].insert(value)
            }
        }
        return reachable
    }

    @Test("no other code would be nearer", arguments: groupTypes)
    func nearest(type: TensorType) throws {
        let sample = try Sample(type, seed: 21)
        guard sample.codec.groupLength == 1 else { return }
        var random = SeededRandom(seed: 22)
        let size = sample.row.reduce(0) { max($0, $1.magnitude) }
        for (column, values) in reachableValues(sample).enumerated() {
            #expect(values.count > 1)
            for _ in 0..<8 {
                let target = Float.random(in: -0.9...0.9, using: &random) * size
                var block = sample.block
                let value = sample.codec.encodedGroup([target], weights: [0], column: column, in: &block)[0]
                let least = values.reduce(Float.infinity) { min($0, ($1 - target).magnitude) }
                #expect((value - target).magnitude <= least + 1e-6 * size)
            }
        }
    }
}
