import BlockFormats
import Numerics

/// A few rows on their way through the columns, and the working memory of the thread that encodes them.
final class FeedbackPanel: @unchecked Sendable {
    let encoder: FeedbackEncoder
    let metric: FeedbackMetric
    /// The codec, where it has a code for each element and elements are chosen one by one.
    let elements: (any ElementCodec)?
    let columns: Int
    let steps: [ScaleStep]
    let blockLength: Int
    let blockByteCount: Int
    let partLength: Int
    let groupLength: Int
    let scratch = EncodingScratch()

    /// Original less decoded weights of the panel's rows.
    let errors: FloatBuffer
    /// The errors as large products take them; those of the chunk at hand may be older ones.
    let roundedErrors: BFloat16Panels
    /// Per row the chunk's columns: what is to be encoded, or the products E·H. Rows are ``rowStride`` apart.
    let chunk: FloatBuffer
    /// Per row a block's values, and products with them.
    let blockValues: FloatBuffer
    let roundedValues: BFloat16Panels
    let blockProducts: FloatBuffer
    private let outputGain: OutputGain
    private let room: FloatBuffer
    let bytes: UnsafeMutableRawPointer

    /// The distance of rows of products.
    static let rowStride = BFloat16Panels.tileLength

    /// Places of working memory, each as long as the longest block.
    enum Place: Int, CaseIterable {
        case target, trialTarget, bestTarget
        case error, trialError, bestError
        case decoded, bestDecoded
        case partTarget, partError, bestPartError, others
        case product
        case factors
    }

    /// The memory of a panel of matrices of `columns` columns.
    static func workingSet(columns: Int) -> WorkingSet {
        let chunk = FeedbackMetric.greatestChunkLength
        // Blocks are no longer than a chunk.
        let rowLength = columns + 3 * chunk
        return WorkingSet(
            "panels of rows", floatCount: FeedbackEncoder.panelLength * rowLength + Place.allCases.count * chunk)
            + 2
            * BFloat16Panels.workingSet(
                "rounded rows", vectorCount: FeedbackEncoder.panelLength, length: columns)
            + OutputGain.workingSet(columns: columns)
    }

    init(_ encoder: FeedbackEncoder) {
        self.encoder = encoder
        metric = encoder.metric
        columns = metric.columns
        let codec = encoder.codec
        blockLength = codec.type.blockLength
        blockByteCount = codec.type.blockByteCount
        partLength = codec.partLength
        groupLength = metric.groupLength
        elements = groupLength == 1 ? codec as? any ElementCodec : nil
        let reach = encoder.policy.scaleReach
        let offsets = encoder.policy.offsetReach
        var steps: [ScaleStep] = [ScaleStep()]
        for offset in -offsets...offsets {
            for scale in -reach...reach where scale != 0 || offset != 0 {
                steps.append(ScaleStep(scale: scale, offset: offset))
            }
        }
        self.steps = steps
        errors = FloatBuffer(repeating: 0, count: FeedbackEncoder.panelLength * columns)
        roundedErrors = BFloat16Panels(vectorCount: FeedbackEncoder.panelLength, length: columns)
        roundedValues = BFloat16Panels(vectorCount: FeedbackEncoder.panelLength, length: columns)
        chunk = FloatBuffer(repeating: 0, count: FeedbackEncoder.panelLength * FeedbackMetric.greatestChunkLength)
        outputGain = OutputGain(metric)
        blockValues = FloatBuffer(repeating: 0, count: FeedbackEncoder.panelLength * blockLength)
        blockProducts = FloatBuffer(
            repeating: 0, count: FeedbackEncoder.panelLength * FeedbackMetric.greatestChunkLength)
        room = FloatBuffer(repeating: 0, count: Place.allCases.count * FeedbackMetric.greatestChunkLength)
        bytes = .allocate(byteCount: 4 * 256, alignment: 64)
    }

    deinit { bytes.deallocate() }

    func floats(_ place: Place) -> UnsafeMutablePointer<Float> {
        room.base + place.rawValue &* FeedbackMetric.greatestChunkLength
    }

    func bytes(_ slot: Int) -> UnsafeMutableRawPointer { bytes + 256 &* slot }

    /// Leaves the errors of the encoded rows in ``errors``.
    func encode(_ weights: UnsafePointer<Float>, rowCount: Int, into target: UnsafeMutableRawPointer) {
        func run(_ codec: some QuantizingCodec) {
            feedForward(codec, weights, rowCount: rowCount, into: target)
            let gain = encoder.policy.outputGain != 0 ? outputGain : nil
            gain?.reset(weights, rowCount: rowCount)
            let sweeps = encoder.policy.sweeps
            for number in 0..<sweeps {
                sweep(codec, weights, rowCount: rowCount, in: target, gain: number == sweeps - 1 ? gain : nil)
            }
            guard let gain else { return }
            if sweeps == 0 { measure(gain, weights, rowCount: rowCount) }
            restore(gain, codec, weights, rowCount: rowCount, in: target)
        }
        run(encoder.codec)
    }

    /// Σ E·H·Eᵀ of the rows that were encoded last.
    func objective(rowCount: Int) -> Double {
        var total = 0.0
        forEachChunk { start, length in
            BLAS.multiply(
                errors.base, columns, metric.moments.base + start, columns, into: chunk.base, length, m: rowCount,
                n: length, k: columns, keep: 0)
            for row in 0..<rowCount {
                for column in 0..<length {
                    total +=
                        Double(chunk.base[row * length + column])
                        * Double(errors.base[row * columns + start + column])
                }
            }
        }
        return total
    }

    /// Calls `body` with each chunk's first column and length.
    func forEachChunk(_ body: (_ start: Int, _ length: Int) -> Void) {
        for start in stride(from: 0, to: columns, by: FeedbackMetric.greatestChunkLength) {
            body(start, min(FeedbackMetric.greatestChunkLength, columns - start))
        }
    }

    /// Fills the chunk with its columns of E·H.
    func multiplyErrors(by start: Int, _ length: Int, rowCount: Int) {
        clear(chunk, rowCount: rowCount)
        roundedErrors.addProducts(
            0..<rowCount, with: metric.roundedMoments, start..<start &+ length, elements: 0..<columns, to: chunk.base)
    }

    /// Rounds the errors of a chunk's columns, which have been chosen anew.
    func roundErrors(_ start: Int, _ length: Int, rowCount: Int) {
        roundedErrors.fill(
            rows: 0..<rowCount, from: errors.base + start, stride: columns, length: length, at: start)
    }

    /// Sets products to 0, those of rows that are computed besides as well.
    func clear(_ products: FloatBuffer, rowCount: Int) {
        products.base.update(repeating: 0, count: (rowCount + 7) / 8 * 8 * Self.rowStride)
    }

    /// v · H · vᵀ for some columns of H, few of them.
    @inline(__always)
    func quadratic(_ vector: UnsafePointer<Float>, at column: Int, _ count: Int) -> Float {
        let product = floats(.product)
        product.update(repeating: 0, count: count)
        product.addProduct(
            vector, count, metric.moments.base + (column &* columns &+ column), stride: columns, count: count)
        return vector.dot(product, count)
    }
}
