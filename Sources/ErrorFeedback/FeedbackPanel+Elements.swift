import BlockFormats
import Numerics

/// The choices of codes for formats in which every element has one: blocks are touched once a part is done.
extension FeedbackPanel {
    /// Chooses the codes of a block anew, part by part, each under the best of some scales.
    ///
    /// Takes the block's values from `.target` and leaves its errors in `.error`.
    /// - Returns: the block's share of E·H·Eᵀ.
    func encodeElements(
        _ codec: some ElementCodec, _ weights: UnsafePointer<Float>, column: Int, in block: UnsafeMutableRawPointer
    ) -> Float {
        let (target, error, decoded) = (floats(.target), floats(.error), floats(.decoded))
        var (values, best) = (floats(.partError), floats(.bestPartError))
        var total: Float = 0
        for start in stride(from: 0, to: blockLength, by: partLength) {
            var least = Float.infinity
            var chosen = 0
            for number in 0..<steps.count {
                guard let levels = codec.elementLevels(ofPart: start / partLength, movedBy: steps[number], in: block)
                else { continue }
                let cost = chooseElements(
                    levels, target + start, weights + start, column: column &+ start, below: least, into: values)
                guard cost < least || number == 0 else { continue }
                least = cost
                chosen = number
                swap(&values, &best)
            }
            total += least
            if chosen > 0 { _ = codec.moveScale(ofPart: start / partLength, by: steps[chosen], in: block) }
            codec.encodeGroup(best, weights: nil, column: start, count: partLength, in: block, decoded: decoded)
            for index in 0..<partLength { error[start &+ index] = weights[start &+ index] - decoded[index] }
            let rest = start &+ partLength
            (target + rest).addProduct(
                error + start, partLength, metric.feedback.base + ((column &+ start) &* columns &+ column &+ rest),
                stride: columns, count: blockLength &- rest)
        }
        return total
    }

    /// - Returns: the part's share of E·H·Eᵀ; what exceeds `limit` may be left unfinished.
    @inline(__always)
    private func chooseElements(
        _ levels: ElementLevels, _ target: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, column: Int,
        below limit: Float, into values: UnsafeMutablePointer<Float>
    ) -> Float {
        let wishes = floats(.partTarget)
        let count = partLength
        wishes.update(from: target, count: count)
        let costs = metric.conditional.base + column
        var feedback = metric.feedback.base + (column &* columns &+ column)
        var total: Float = 0
        for index in 0..<count {
            let wish = wishes[index]
            let value = levels.nearest(wish)
            values[index] = value
            total += (wish - value) * (wish - value) * costs[index]
            if !(total < limit) { return total }
            let error = Lanes(repeating: weights[index] - value)
            // Nothing is fed backward: U is zero there.
            var vector = index & ~15
            while vector < count {
                wishes.store(wishes.lanes(vector).addingProduct(UnsafePointer(feedback).lanes(vector), error), vector)
                vector &+= 16
            }
            feedback += columns
        }
        return total
    }

    /// Chooses a part's scale and codes anew for the errors that all other columns have.
    func improve(_ codec: some ElementCodec, elementsOfPart part: Int, of place: BlockPlace) {
        let start = part &* partLength
        let (column, weights, now) = (place.column &+ start, place.weights + start, place.error + start)
        guard let own = codec.elementLevels(ofPart: part, movedBy: ScaleStep(), in: place.block) else { return }
        var (error, best) = (floats(.partError), floats(.bestPartError))
        let (products, others, decoded) = (floats(.partTarget), floats(.others), floats(.decoded))
        let moments = metric.moments.base + (column &* columns &+ column)
        // What the errors of all other columns make of these columns' products.
        for index in 0..<partLength { error[index] = -now[index] }
        others.update(from: place.products + start, count: partLength)
        others.addProduct(error, partLength, moments, stride: columns, count: partLength)
        let before = cost(now, place.products + start, others)
        var least = before
        var chosen: Int?
        for number in 0..<steps.count {
            if number == 0 {
                error.update(from: now, count: partLength)
                products.update(from: place.products + start, count: partLength)
                improveElements(own, weights, error, column: column)
            } else {
                guard let levels = codec.elementLevels(ofPart: part, movedBy: steps[number], in: place.block)
                else { continue }
                for index in 0..<partLength {
                    error[index] = weights[index] - own.converted(weights[index] - now[index], to: levels)
                }
                products.update(from: others, count: partLength)
                products.addProduct(error, partLength, moments, stride: columns, count: partLength)
                improveElements(levels, weights, error, column: column)
            }
            let cost = cost(error, products, others)
            guard cost < least else { continue }
            least = cost
            chosen = number
            swap(&error, &best)
        }
        guard let chosen else { return }
        if chosen > 0 { _ = codec.moveScale(ofPart: part, by: steps[chosen], in: place.block) }
        for index in 0..<partLength { best[index] = weights[index] - best[index] }
        codec.encodeGroup(best, weights: nil, column: start, count: partLength, in: place.block, decoded: decoded)
        for index in 0..<partLength { best[index] = weights[index] - decoded[index] }
        take(best, at: start, partLength, of: place)
    }

    /// Goes through a part's elements; keeps `error` and `.partTarget`, the products, up to date.
    @inline(__always)
    private func improveElements(
        _ levels: ElementLevels, _ weights: UnsafePointer<Float>, _ error: UnsafeMutablePointer<Float>, column: Int
    ) {
        let products = floats(.partTarget)
        let inverse = metric.groupInverse.base + column
        let squares = metric.diagonal.base + column
        var moments = metric.moments.base + (column &* columns &+ column)
        let count = partLength
        // Levels are a scale apart; what is less is rounding.
        let tolerance = levels.scale.magnitude / 2
        for index in 0..<count {
            let (now, product) = (error[index], products[index])
            let new = weights[index] - levels.nearest(weights[index] - now + inverse[index] * product)
            let change = new - now
            if change.magnitude > tolerance, change * (2 * product + change * squares[index]) < 0 {
                error[index] = new
                let factor = Lanes(repeating: change)
                var vector = 0
                while vector < count {
                    products.store(
                        products.lanes(vector).addingProduct(UnsafePointer(moments).lanes(vector), factor), vector)
                    vector &+= 16
                }
            }
            moments += columns
        }
    }
}
