import BlockFormats
import Numerics

extension FeedbackPanel {
    /// The first pass: block after block, group after group, each made to answer for the errors before it.
    func feedForward(
        _ codec: some QuantizingCodec, _ weights: UnsafePointer<Float>, rowCount: Int,
        into target: UnsafeMutableRawPointer
    ) {
        let rowByteCount = columns / blockLength &* blockByteCount
        forEachChunk { start, length in
            for row in 0..<rowCount {
                (chunk.base + row &* Self.rowStride).update(
                    from: weights + (row &* columns &+ start), count: length)
            }
            roundedErrors.addProducts(
                0..<rowCount, with: metric.roundedFeedback, start..<start &+ length, elements: 0..<start, to: chunk.base
            )
            for row in 0..<rowCount {
                let values = chunk.base + row &* Self.rowStride
                for offset in stride(from: 0, to: length, by: blockLength) {
                    let column = start &+ offset
                    let error = errors.base + (row &* columns &+ column)
                    let block = target + (row &* rowByteCount &+ column / blockLength &* blockByteCount)
                    encodeBlock(
                        codec, values + offset, weights + (row &* columns &+ column), column: column, into: block,
                        error: error)
                    let rest = offset &+ blockLength
                    (values + rest).addProduct(
                        error, blockLength, metric.feedback.base + (column &* columns &+ start &+ rest),
                        stride: columns, count: length &- rest)
                }
            }
            roundErrors(start, length, rowCount: rowCount)
        }
    }

    /// Encodes a block: its scales from the values as they stand, some factors of them tried.
    private func encodeBlock(
        _ codec: some QuantizingCodec, _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, column: Int,
        into block: UnsafeMutableRawPointer, error: UnsafeMutablePointer<Float>
    ) {
        let first = bytes(0)
        codec.encode(
            values, count: blockLength, importance: encoder.scaleWeights.base + column, into: first, scratch: scratch)
        let factors = encoder.policy.scaleFactors
        let trial = bytes(1)
        var least = Float.infinity
        for number in 0...factors.count {
            trial.copyMemory(from: first, byteCount: blockByteCount)
            if number > 0 { codec.multiplyScales(of: trial, by: factors[number - 1]) }
            floats(.target).update(from: values, count: blockLength)
            let cost = encodeParts(codec, weights, column: column, in: trial)
            guard cost < least || number == 0 else { continue }
            least = cost
            block.copyMemory(from: trial, byteCount: blockByteCount)
            error.update(from: floats(.error), count: blockLength)
        }
    }

    /// Chooses the codes of a block anew, part by part, each under the best of some scales.
    ///
    /// Takes the block's values from `.target` and leaves its errors in `.error`.
    /// - Returns: the block's share of E·H·Eᵀ.
    private func encodeParts(
        _ codec: some QuantizingCodec, _ weights: UnsafePointer<Float>, column: Int, in block: UnsafeMutableRawPointer
    ) -> Float {
        if let elements { return encodeElements(elements, weights, column: column, in: block) }
        let (target, error) = (floats(.target), floats(.error))
        let (partTarget, partError, bestError) = (floats(.partTarget), floats(.partError), floats(.bestPartError))
        let (trial, best) = (bytes(2), bytes(3))
        var total: Float = 0
        for start in stride(from: 0, to: blockLength, by: partLength) {
            var least = Float.infinity
            for (number, step) in steps.enumerated() {
                trial.copyMemory(from: block, byteCount: blockByteCount)
                if number > 0, !codec.moveScale(ofPart: start / partLength, by: step, in: trial) { continue }
                partTarget.update(from: target + start, count: partLength)
                let cost = encodeGroups(
                    codec, weights + start, column: column &+ start, columnInBlock: start, in: trial, below: least)
                guard cost < least || number == 0 else { continue }
                least = cost
                best.copyMemory(from: trial, byteCount: blockByteCount)
                bestError.update(from: partError, count: partLength)
            }
            total += least
            block.copyMemory(from: best, byteCount: blockByteCount)
            (error + start).update(from: bestError, count: partLength)
            let rest = start &+ partLength
            (target + rest).addProduct(
                bestError, partLength, metric.feedback.base + ((column &+ start) &* columns &+ column &+ rest),
                stride: columns, count: blockLength &- rest)
        }
        return total
    }

    /// Chooses the codes of a part's groups in order; takes `.partTarget`, leaves `.partError`.
    ///
    /// - Returns: the part's share of E·H·Eᵀ; what exceeds `limit` may be left unfinished.
    private func encodeGroups(
        _ codec: some QuantizingCodec, _ weights: UnsafePointer<Float>, column: Int, columnInBlock: Int,
        in block: UnsafeMutableRawPointer, below limit: Float
    ) -> Float {
        let (target, error, decoded) = (floats(.partTarget), floats(.partError), floats(.decoded))
        let length = groupLength
        var total: Float = 0
        for start in stride(from: 0, to: partLength, by: length) {
            total += encodeGroup(
                codec, target + start, column: column &+ start, columnInBlock: columnInBlock &+ start, in: block,
                decoded: decoded)
            if !(total < limit) { return total }
            for index in start..<start &+ length { error[index] = weights[index] - decoded[index &- start] }
            let rest = start &+ length
            (target + rest).addProduct(
                error + start, length, metric.feedback.base + ((column &+ start) &* columns &+ column &+ rest),
                stride: columns, count: partLength &- rest)
        }
        return total
    }

    /// - Returns: the group's share of E·H·Eᵀ.
    @inline(__always)
    private func encodeGroup(
        _ codec: some QuantizingCodec, _ target: UnsafePointer<Float>, column: Int, columnInBlock: Int,
        in block: UnsafeMutableRawPointer, decoded: UnsafeMutablePointer<Float>
    ) -> Float {
        let length = groupLength
        codec.encodeGroup(
            target, weights: metric.conditional.base + column, column: columnInBlock, count: length, in: block,
            decoded: decoded)
        let groupMetric = metric.groupMetric.base + column &* length
        let (rest, product) = (floats(.trialTarget), floats(.product))
        for index in 0..<length { rest[index] = target[index] - decoded[index] }
        product.update(repeating: 0, count: length)
        product.addProduct(rest, length, groupMetric, stride: length, count: length)
        return UnsafePointer(rest).dot(product, length)
    }
}
