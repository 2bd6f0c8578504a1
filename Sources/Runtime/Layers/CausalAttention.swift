import ModelArchitecture
import Numerics
import Tensors

/// Causal softmax attention of one sequence, a block of queries at a time.
struct CausalAttention {
    let plan: DecoderPlan.Attention
    /// The number of the layer, for errors.
    let layer: Int

    /// Queries per block: bounds the score matrix and skips most of the masked half.
    static let blockLength = 128

    /// The number of scores of a block of `count` queries that see `keyCount` keys.
    private static func scoreCount(_ count: Int, keyCount: Int) -> Int { min(count, blockLength) * keyCount }

    /// A thread's memory for sequences of up to `longestSequence` tokens.
    static func workingSet(longestSequence: Int) -> WorkingSet {
        ScratchSpace.workingSet([.scores: scoreCount(longestSequence, keyCount: longestSequence)])
    }

    /// - Parameters:
    ///   - query: `count` rows of all query heads, rotated.
    ///   - key, value: `past + count` rows of all key-value heads.
    ///   - heads: query heads to compute.
    ///   - output: `count` rows of all query heads.
    /// - Throws: ``RuntimeError`` if a product of a query and a key is not finite: its softmax would hide it.
    func apply(
        query: UnsafePointer<Float>, key: UnsafePointer<Float>, value: UnsafePointer<Float>, past: Int, count: Int,
        heads: Range<Int>, into output: UnsafeMutablePointer<Float>, scratch: ScratchSpace
    ) throws {
        let scale = 1 / Float(plan.headLength).squareRoot()
        let queriesPerKey = plan.headCount / plan.keyValueHeadCount
        let scores = scratch.floats(.scores, Self.scoreCount(count, keyCount: past + count))
        for head in heads {
            let queryOffset = head * plan.headLength
            let keyOffset = head / queriesPerKey * plan.headLength
            var start = 0
            while start < count {
                let length = min(Self.blockLength, count - start)
                let visible = past + start + length
                scratch.time(.attention) {
                    BLAS.multiplyTransposed(
                        query + start * plan.queryLength + queryOffset, plan.queryLength, key + keyOffset,
                        plan.keyValueLength, into: scores, visible, m: length, n: visible, k: plan.headLength,
                        scale: scale)
                }
                try scratch.time(.softmax) {
                    for i in 0..<length {
                        let row = scores + i * visible
                        let seen = past + start + i + 1
                        guard firstNonFinite(row, count: seen) == nil else {
                            throw RuntimeError(
                                .nonFiniteActivation, place: "layer \(layer), products of queries and keys")
                        }
                        VectorMath.softmax(row, seen)
                        (row + seen).update(repeating: 0, count: visible - seen)
                    }
                }
                scratch.time(.attention) {
                    BLAS.multiply(
                        scores, visible, value + keyOffset, plan.keyValueLength,
                        into: output + start * plan.queryLength + queryOffset, plan.queryLength, m: length,
                        n: plan.headLength, k: visible)
                }
                start += length
            }
        }
    }
}
