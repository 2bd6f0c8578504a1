import BlockFormats
import Foundation
import Numerics
import Tensors
import Testing

/// Groups of formats whose code words are quads of magnitudes, against all words and signs there are.
@Suite("Groups of quads")
struct QuadGroupTests {
    /// Where a format has the indices and the signs of its groups of eight.
    struct Layout: Sendable, CustomTestStringConvertible {
        let type: TensorType
        let wordCount: Int
        let isSignParityEven: Bool
        var testDescription: String { type.name }

        static let all = [
            Layout(type: .iq3_XXS, wordCount: 256, isSignParityEven: true),
            Layout(type: .iq3_S, wordCount: 512, isSignParityEven: false),
        ]

        /// Sets the words of all quads; the signs become plus.
        func setWord(_ word: Int, in block: inout [UInt8]) {
            for quad in 0..<64 { block[2 + quad] = UInt8(word & 255) }
            switch type {
            case .iq3_XXS:
                for part in 0..<8 {
                    block.replaceSubrange(66 + 4 * part..<69 + 4 * part, with: [0, 0, 0])
                    block[69 + 4 * part] &= 0xf0
                }
            default:
                for part in 0..<8 { block[66 + part] = word > 255 ? 0xff : 0 }
                for byte in 74..<106 { block[byte] = 0 }
            }
        }
    }

    private func codec(_ type: TensorType) throws -> any QuantizingCodec {
        try #require(BlockFormats.codec(for: type) as? any QuantizingCodec)
    }

    /// For each sign pattern of four elements the least error that any word leaves.
    private func leastErrors(_ target: [Float], _ weights: [Float], _ words: [[Float]]) -> [Double] {
        (0..<16).map { signs in
            words.map { word in
                (0..<4).reduce(0.0) { sum, element in
                    let value = signs >> element & 1 == 1 ? -word[element] : word[element]
                    let rest = Double(value) - Double(target[element])
                    return sum + Double(weights[element]) * rest * rest
                }
            }.min() ?? .infinity
        }
    }

    @Test("words and signs are the best of all", arguments: Layout.all, [1, -1] as [Float])
    func exhaustive(layout: Layout, scaleSign: Float) throws {
        let codec = try codec(layout.type)
        var random = SeededRandom(seed: 3)
        let row = (0..<256).map { _ in Float.random(in: -0.1...0.1, using: &random) }
        var block = codec.encoded(row, importance: nil)
        if scaleSign < 0 { block[1] ^= 0x80 }
        // All words under the scale of each part.
        let words = (0..<layout.wordCount).map { word in
            var changed = block
            layout.setWord(word, in: &changed)
            return codec.decoded(changed, count: 256)
        }
        for group in 0..<32 {
            let target = (0..<8).map { row[8 * group + $0] + Float.random(in: -0.03...0.03, using: &random) }
            let weights = (0..<8).map { _ in exp2(Float.random(in: -6...6, using: &random)) }
            var decoded = [Float](repeating: 0, count: 8)
            block.withUnsafeMutableBytes {
                codec.encodeGroup(
                    target, weights: weights, column: 8 * group, count: 8, in: $0.baseAddress!, decoded: &decoded)
            }
            #expect(Array(codec.decoded(block, count: 256)[8 * group..<8 * group + 8]) == decoded)
            let first = leastErrors(
                Array(target[..<4]), Array(weights[..<4]), words.map { Array($0[8 * group..<8 * group + 4]) })
            let second = leastErrors(
                Array(target[4...]), Array(weights[4...]), words.map { Array($0[8 * group + 4..<8 * group + 8]) })
            var least = Double.infinity
            for (signs, error) in first.enumerated() {
                for (otherSigns, other) in second.enumerated() {
                    // Words are positive under a positive scale: minus signs are the set bits, and an even number of
                    // elements has another sign than the scale whichever sign that is.
                    let isEven = (signs ^ otherSigns).nonzeroBitCount & 1 == 0
                    if isEven || !layout.isSignParityEven { least = min(least, error + other) }
                }
            }
            let error = (0..<8).reduce(0.0) { sum, element in
                let rest = Double(decoded[element]) - Double(target[element])
                return sum + Double(weights[element]) * rest * rest
            }
            #expect(error <= least * (1 + 1e-5))
            #expect(error >= least * (1 - 1e-9))
        }
    }

    @Test("scales that are zero or not finite change no other byte and do no harm", arguments: Layout.all)
    func oddScales(layout: Layout) throws {
        let codec = try codec(layout.type)
        for scale in [0, 0x8000, 0x7c00, 0xfc00, 0x7e00, 1] as [UInt16] {
            var block = [UInt8](repeating: 0, count: layout.type.blockByteCount)
            block[0] = UInt8(scale & 255)
            block[1] = UInt8(scale >> 8)
            var decoded = [Float](repeating: 0, count: 256)
            let values = (0..<256).map { Float($0 - 100) * 1e30 }
            let weights = (0..<256).map { $0 % 3 == 0 ? 0 : Float($0) * 1e-30 }
            block.withUnsafeMutableBytes {
                codec.encodeGroup(
                    values, weights: weights, column: 0, count: 256, in: $0.baseAddress!, decoded: &decoded)
            }
            #expect(block[0] == UInt8(scale & 255) && block[1] == UInt8(scale >> 8))
            let expected = codec.decoded(block, count: 256)
            #expect(zip(decoded, expected).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
        }
    }
}
