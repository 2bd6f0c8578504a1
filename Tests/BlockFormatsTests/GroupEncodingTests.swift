import BlockFormats
import Foundation
import Numerics
import Tensors
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

    @Test("no other bytes give a group of code words less error", arguments: groupTypes, [true, false])
    func bestWords(type: TensorType, weighted: Bool) throws {
        let sample = try Sample(type, seed: 41)
        guard sample.codec.groupLength > 1 else { return }
        let targets = try Sample(type, seed: 42).row
        let columns = sample.codec.groupLength..<2 * sample.codec.groupLength
        var chosen = sample.block
        let weights = weighted ? Array(sample.importance[columns]) : nil
        _ = sample.codec.encodedGroup(
            Array(targets[columns]), weights: weights, column: columns.lowerBound, in: &chosen)
        let decoded = sample.codec.decoded(chosen, count: sample.length)
        func error(_ decoded: [Float]) -> Double {
            columns.reduce(0) { sum, column in
                let rest = Double(decoded[column]) - Double(targets[column])
                return sum + rest * rest * (weighted ? Double(sample.importance[column]) : 1)
            }
        }
        // All bytes that change this group and nothing else, then all pairs of two of them.
        var changes: [(index: Int, byte: UInt8)] = []
        var least = Double.infinity
        var block = chosen
        for index in block.indices {
            for byte in UInt8.min...UInt8.max {
                block[index] = byte
                let other = sample.codec.decoded(block, count: sample.length)
                let changed = other.indices.filter { other[$0] != decoded[$0] }
                guard !changed.isEmpty, changed.allSatisfy(columns.contains) else { continue }
                changes.append((index, byte))
                least = min(least, error(other))
            }
            block[index] = chosen[index]
        }
        #expect(changes.count > 255)
        for (place, first) in changes.enumerated() {
            block[first.index] = first.byte
            for second in changes[place...] where second.index != first.index {
                block[second.index] = second.byte
                least = min(least, error(sample.codec.decoded(block, count: sample.length)))
                block[second.index] = chosen[second.index]
            }
            block[first.index] = chosen[first.index]
        }
        #expect(error(decoded) <= least * 1.00001)
    }

    @Test("a block at once is its groups one after the other", arguments: groupTypes)
    func inTurn(type: TensorType) throws {
        let sample = try Sample(type, seed: 51)
        let targets = try Sample(type, seed: 52).row
        var atOnce = sample.block
        var inTurn = sample.block
        _ = sample.codec.encodedGroup(targets, weights: sample.importance, column: 0, in: &atOnce)
        for start in stride(from: 0, to: sample.length, by: sample.codec.groupLength) {
            let columns = start..<start + sample.codec.groupLength
            _ = sample.codec.encodedGroup(
                Array(targets[columns]), weights: Array(sample.importance[columns]), column: start, in: &inTurn)
        }
        #expect(atOnce == inTurn)
    }

    @Test("weights of zero, values out of reach and blocks of zeros give finite values", arguments: groupTypes)
    func oddTargets(type: TensorType) throws {
        let sample = try Sample(type, seed: 61)
        let zeros = sample.codec.encoded([Float](repeating: 0, count: sample.length), importance: nil)
        for var block in [sample.block, zeros] {
            for value in [0, -1, 3e38, -0x1p-140] as [Float] {
                for weight in [0, 0x1p-140, 3e38] as [Float] {
                    let result = sample.codec.encodedGroup(
                        [Float](repeating: value, count: sample.length),
                        weights: [Float](repeating: weight, count: sample.length), column: 0, in: &block)
                    #expect(result.allSatisfy { $0.isFinite })
                    #expect(result == sample.codec.decoded(block, count: sample.length))
                }
            }
        }
    }
}
