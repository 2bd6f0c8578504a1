import BlockFormats
import ErrorFeedback
import Foundation
import Numerics
import Parallelism

/// Weights and inputs that a test has made.
struct Sample {
    let columns: Int
    let rowCount: Int
    let weights: [Float]
    let moments: SecondMoments

    /// Inputs whose columns are mixtures of `sources` random numbers; all of them independent if there are none.
    init(columns: Int, rowCount: Int, inputCount: Int = 600, sources: Int?, dead: Range<Int> = 0..<0, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func normal() -> Float { (0..<6).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &random) } }
        self.columns = columns
        self.rowCount = rowCount
        weights = (0..<rowCount * columns).map { _ in 0.02 * normal() }
        var inputs = [Float](repeating: 0, count: inputCount * columns)
        let mixing = (0..<(sources ?? 0) * columns).map { _ in normal() }
        let sizes = (0..<columns).map { _ in exp(Float.random(in: -1...1, using: &random)) }
        for row in 0..<inputCount {
            let origin = (0..<(sources ?? 0)).map { _ in normal() }
            for column in 0..<columns where !dead.contains(column) {
                let mixed = origin.indices.reduce(Float(0)) { $0 + origin[$1] * mixing[$1 * columns + column] }
                inputs[row * columns + column] = sources == nil ? normal() : sizes[column] * mixed
            }
        }
        var product = MomentProduct(columns: columns)
        product.add([(inputs, inputCount)], parallel: Parallel(threadCount: 1))
        moments = product.moments
    }

    init(weights: [Float], moments: SecondMoments) {
        columns = moments.columns
        rowCount = weights.count / moments.columns
        self.weights = weights
        self.moments = moments
    }

    func encoder(_ codec: any QuantizingCodec, _ policy: FeedbackPolicy) -> FeedbackEncoder {
        FeedbackEncoder(
            codec: codec,
            metric: FeedbackMetric(
                moments, damping: policy.damping, groupLength: FeedbackEncoder.groupLength(codec, policy)),
            policy: policy)
    }

    func bytes(_ codec: any QuantizingCodec, _ policy: FeedbackPolicy, threadCount: Int = 1) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: rowCount * rowByteCount(codec))
        try bytes.withUnsafeMutableBytes {
            try encoder(codec, policy).encode(
                weights, rowCount: rowCount, into: $0.baseAddress!, parallel: Parallel(threadCount: threadCount))
        }
        return bytes
    }

    func plainBytes(_ codec: any QuantizingCodec) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: rowCount * rowByteCount(codec))
        let importance = (0..<columns).map { moments.values[$0 * columns + $0] }
        let scratch = EncodingScratch()
        bytes.withUnsafeMutableBytes { target in
            weights.withUnsafeBufferPointer { weights in
                for row in 0..<rowCount {
                    codec.encode(
                        weights.baseAddress! + row * columns, count: columns, importance: importance,
                        into: target.baseAddress! + row * rowByteCount(codec), scratch: scratch)
                }
            }
        }
        return bytes
    }

    private func rowByteCount(_ codec: any QuantizingCodec) -> Int {
        columns / codec.type.blockLength * codec.type.blockByteCount
    }

    func decoded(_ bytes: [UInt8], _ codec: any QuantizingCodec) -> [Float] {
        var values = [Float](repeating: 0, count: weights.count)
        bytes.withUnsafeBytes { codec.decode($0.baseAddress!, count: values.count, into: &values) }
        return values
    }

    /// Σ E·H·Eᵀ over the rows, without damping, in units of H's mean diagonal.
    func error(_ decoded: [Float]) -> Double {
        let unit = (0..<columns).reduce(0.0) { $0 + Double(moments.values[$1 * columns + $1]) } / Double(columns)
        var total = 0.0
        for row in 0..<rowCount {
            let errors = (0..<columns).map { Double(weights[row * columns + $0] - decoded[row * columns + $0]) }
            for first in 0..<columns {
                var sum = 0.0
                for second in 0..<columns { sum += Double(moments.values[first * columns + second]) * errors[second] }
                total += sum * errors[first]
            }
        }
        return total / unit
    }
}
