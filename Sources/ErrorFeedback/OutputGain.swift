import BlockFormats
import Numerics

/// What rows of weights w and their errors e have to do with each other: ⟨w, w⟩ and ⟨w, e⟩, both by H.
///
/// Both need W times the half of H above the diagonal alone: the other half of ⟨w, e⟩ is in the products E·H that a sweep has
/// at hand, once what the sweep changed later is counted too.
final class OutputGain {
    private let metric: FeedbackMetric
    private(set) var squares: [Double]
    private(set) var losses: [Double]
    private let before: FloatBuffer
    private let products: FloatBuffer
    /// The weights as large products take them.
    private let rounded: BFloat16Panels

    /// The memory of one panel's gain of matrices of `columns` columns.
    static func workingSet(columns: Int) -> WorkingSet {
        let rowCount = FeedbackEncoder.panelLength
        return WorkingSet("gain of outputs", floatCount: 2 * rowCount * FeedbackMetric.greatestChunkLength)
            + BFloat16Panels.workingSet("rounded weights", vectorCount: rowCount, length: columns)
    }

    init(_ metric: FeedbackMetric) {
        self.metric = metric
        let rowCount = FeedbackEncoder.panelLength
        squares = [Double](repeating: 0, count: rowCount)
        losses = squares
        before = FloatBuffer(repeating: 0, count: rowCount * FeedbackMetric.greatestChunkLength)
        products = FloatBuffer(repeating: 0, count: rowCount * FeedbackMetric.greatestChunkLength)
        rounded = BFloat16Panels(vectorCount: rowCount, length: metric.columns)
    }

    /// Begins with rows of weights.
    func reset(_ weights: UnsafePointer<Float>, rowCount: Int) {
        for row in squares.indices { (squares[row], losses[row]) = (0, 0) }
        rounded.fill(rows: 0..<rowCount, from: weights, stride: metric.columns, length: metric.columns)
    }

    /// Remembers the errors of a chunk's columns before they are changed.
    func keep(_ errors: UnsafePointer<Float>, _ start: Int, _ length: Int, rowCount: Int) {
        for row in 0..<rowCount {
            (before.base + row &* length).update(from: errors + (row &* metric.columns &+ start), count: length)
        }
    }

    /// Adds a chunk's columns.
    ///
    /// - Parameter chunkProducts: those of E·H, with the errors as they were, before the sweep, in later columns.
    func add(
        _ weights: UnsafePointer<Float>, _ errors: UnsafePointer<Float>, products chunkProducts: UnsafePointer<Float>,
        _ start: Int, _ length: Int, rowCount: Int
    ) {
        let (n, stride) = (metric.columns, FeedbackPanel.rowStride)
        let (changes, above) = (before.base, products.base)
        for row in 0..<rowCount {
            let (now, old) = (errors + (row &* n &+ start), changes + row &* length)
            for index in 0..<length { old[index] = now[index] - old[index] }
        }
        let columns = start..<start &+ length
        above.update(repeating: 0, count: FeedbackEncoder.panelLength &* stride)
        rounded.addProducts(0..<rowCount, with: metric.roundedMoments, columns, elements: 0..<start, to: above)
        for row in 0..<rowCount {
            let own = weights + (row &* n &+ start)
            let line = UnsafePointer(above + row &* stride)
            squares[row] += Double(line.dot(own, length))
            losses[row] += Double((chunkProducts + row &* stride).dot(own, length))
            losses[row] += Double(line.dot(changes + row &* length, length))
        }
        rounded.addProducts(0..<rowCount, with: metric.roundedMoments, columns, elements: columns, to: above)
        for row in 0..<rowCount {
            squares[row] += Double(UnsafePointer(above + row &* stride).dot(weights + (row &* n &+ start), length))
        }
    }
}

extension FeedbackPanel {
    /// Enlarges the rows' scales by what the outputs have lost, as far as the policy asks for it.
    func restore(
        _ gain: OutputGain, _ codec: some QuantizingCodec, _ weights: UnsafePointer<Float>, rowCount: Int,
        in target: UnsafeMutableRawPointer
    ) {
        let rowByteCount = columns / blockLength &* blockByteCount
        let decoded = floats(.decoded)
        for row in 0..<rowCount {
            let (square, loss) = (gain.squares[row], gain.losses[row])
            guard square > 0, loss < square else { continue }
            let ratio = Float(square / (square - loss))
            let factor = 1 + encoder.policy.outputGain * (min(max(ratio, 0.8), 1.25) - 1)
            for column in stride(from: 0, to: columns, by: blockLength) {
                let block = target + (row &* rowByteCount &+ column / blockLength &* blockByteCount)
                codec.multiplyScales(of: block, by: factor)
                codec.decode(block, count: blockLength, into: decoded)
                for index in 0..<blockLength {
                    errors.base[row &* columns &+ column &+ index] =
                        weights[row &* columns &+ column &+ index] - decoded[index]
                }
            }
        }
    }

    /// The gain without a sweep.
    func measure(_ gain: OutputGain, _ weights: UnsafePointer<Float>, rowCount: Int) {
        forEachChunk { start, length in
            multiplyErrors(by: start, length, rowCount: rowCount)
            gain.keep(errors.base, start, length, rowCount: rowCount)
            gain.add(weights, errors.base, products: chunk.base, start, length, rowCount: rowCount)
        }
    }
}
