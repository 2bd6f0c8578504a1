import BlockFormats
import Numerics

extension FeedbackPanel {
    /// Turns the two signs of a group of eight that lower E·H·Eᵀ most, if any two do.
    ///
    /// This is for formats whose signs change in pairs only: the choice of a code word gives up the sign that costs
    /// least by itself, and with the errors of other columns in mind it is often another.
    func flipSigns(
        _ codec: some QuantizingCodec, _ place: BlockPlace, partStart: Int, start: Int,
        in block: UnsafeMutableRawPointer
    ) {
        let (wish, decoded, change, saved) = (floats(.target), floats(.decoded), floats(.trialError), bytes(2))
        let column = place.column &+ partStart &+ start
        let weights = place.weights + (partStart &+ start)
        let values = weights.eight(0) - floats(.partError).eight(start)
        guard let (first, second) = bestPair(values, products: floats(.partTarget).eight(start), at: column) else {
            return
        }
        for index in 0..<8 { wish[index] = index == first || index == second ? -values[index] : values[index] }
        saved.copyMemory(from: block, byteCount: blockByteCount)
        codec.encodeGroup(
            wish, weights: metric.diagonal.base + column, column: partStart &+ start, count: 8, in: block,
            decoded: decoded)
        for index in 0..<8 { change[index] = values[index] - decoded[index] }
        if !accept(change, place, partStart: partStart, start: start) {
            block.copyMemory(from: saved, byteCount: blockByteCount)
        }
    }

    /// The two values whose signs, turned together, change E·H·Eᵀ by the least number below zero.
    ///
    /// - Parameter products: E·H of these columns.
    @inline(__always)
    private func bestPair(_ values: SIMD8<Float>, products: SIMD8<Float>, at column: Int) -> (Int, Int)? {
        let moments = UnsafePointer(metric.moments.base + (column &* columns &+ column))
        let changes = 2 * values
        let diagonal = UnsafePointer(metric.diagonal.base).eight(column)
        let single = changes * (2 * products + diagonal * changes)
        let lanes = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7)
        var least = SIMD8<Float>()
        var partners = SIMD8<Int32>()
        for index in 0..<8 {
            var costs = single + single[index] + changes * moments.eight(index &* columns) * (2 * changes[index])
            costs.replace(with: SIMD8(repeating: .infinity), where: lanes .== SIMD8(repeating: Int32(index)))
            let isLess = costs .< least
            least.replace(with: costs, where: isLess)
            partners.replace(with: SIMD8(repeating: Int32(index)), where: isLess)
        }
        var pair: (Int, Int)?
        var cost: Float = 0
        for lane in 0..<8 where least[lane] < cost {
            cost = least[lane]
            pair = (lane, Int(partners[lane]))
        }
        return pair
    }
}
