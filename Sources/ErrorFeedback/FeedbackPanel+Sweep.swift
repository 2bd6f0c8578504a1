import BlockFormats
import Numerics

extension FeedbackPanel {
    /// One round of coordinate descent on E·H·Eᵀ: every part's scale and codes chosen anew for the errors that all other
    /// columns have now, then the blocks' factors.
    ///
    /// - Parameter gain: is given the outputs' sizes as they are after the sweep, unless nil.
    func sweep(
        _ codec: some QuantizingCodec, _ weights: UnsafePointer<Float>, rowCount: Int,
        in target: UnsafeMutableRawPointer, gain: OutputGain?
    ) {
        let rowByteCount = columns / blockLength &* blockByteCount
        forEachChunk { start, length in
            multiplyErrors(by: start, length, rowCount: rowCount)
            gain?.keep(errors.base, start, length, rowCount: rowCount)
            for offset in stride(from: 0, to: length, by: blockLength) {
                let column = start &+ offset
                // Products with columns that have been swept are asked for by the gain alone.
                let passed = gain == nil ? offset : 0
                let places = { (row: Int) in
                    BlockPlace(
                        block: target + (row &* rowByteCount &+ column / self.blockLength &* self.blockByteCount),
                        weights: weights + (row &* self.columns &+ column),
                        error: self.errors.base + (row &* self.columns &+ column), column: column,
                        kept: self.chunk.base + (row &* Self.rowStride &+ passed), keptColumn: start &+ passed,
                        keptCount: length &- passed)
                }
                for row in 0..<rowCount {
                    for part in 0..<blockLength / partLength {
                        if let elements {
                            improve(elements, elementsOfPart: part, of: places(row))
                        } else {
                            improve(codec, part: part, of: places(row))
                        }
                    }
                }
                refitFactors(codec, rowCount: rowCount, places)
            }
            roundErrors(start, length, rowCount: rowCount)
            gain?.add(weights, errors.base, products: chunk.base, start, length, rowCount: rowCount)
        }
    }

    /// A block of one row while its chunk is swept.
    struct BlockPlace {
        let block: UnsafeMutableRawPointer
        let weights: UnsafePointer<Float>
        let error: UnsafeMutablePointer<Float>
        let column: Int
        /// The columns of E·H that are kept up to date, the block's among them.
        let kept: UnsafeMutablePointer<Float>
        let keptColumn: Int
        let keptCount: Int

        /// Those of the block.
        var products: UnsafeMutablePointer<Float> { kept + (column &- keptColumn) }
    }

    private func improve(_ codec: some QuantizingCodec, part: Int, of place: BlockPlace) {
        let start = part &* partLength
        let (trial, best) = (bytes(0), bytes(1))
        let (error, products, others) = (floats(.partError), floats(.partTarget), floats(.others))
        let bestError = floats(.bestPartError)
        let decoded = floats(.decoded)
        let moments = metric.moments.base + ((place.column &+ start) &* columns &+ place.column &+ start)
        // What the errors of all other columns make of these columns' products.
        for index in 0..<partLength { error[index] = -place.error[start &+ index] }
        others.update(from: place.products + start, count: partLength)
        others.addProduct(error, partLength, moments, stride: columns, count: partLength)
        var least = Float.infinity
        var now = Float.infinity
        for (number, step) in steps.enumerated() {
            trial.copyMemory(from: place.block, byteCount: blockByteCount)
            if number == 0 {
                error.update(from: place.error + start, count: partLength)
            } else {
                guard codec.moveScale(ofPart: part, by: step, in: trial) else { continue }
                codec.decode(trial, count: blockLength, into: decoded)
                for index in 0..<partLength { error[index] = place.weights[start &+ index] - decoded[start &+ index] }
            }
            if number == 0 {
                products.update(from: place.products + start, count: partLength)
            } else {
                products.update(from: others, count: partLength)
                products.addProduct(error, partLength, moments, stride: columns, count: partLength)
            }
            if number == 0 { now = cost(error, products, others) }
            improveGroups(codec, place, partStart: start, in: trial)
            let cost = cost(error, products, others)
            guard cost < least else { continue }
            least = cost
            best.copyMemory(from: trial, byteCount: blockByteCount)
            bestError.update(from: error, count: partLength)
        }
        guard least < now else { return }
        place.block.copyMemory(from: best, byteCount: blockByteCount)
        take(bestError, at: start, partLength, of: place)
    }

    /// e·H·eᵀ + 2 e·others, given e·H + others.
    func cost(
        _ error: UnsafePointer<Float>, _ products: UnsafePointer<Float>, _ others: UnsafePointer<Float>
    ) -> Float {
        error.dot(products, partLength) + error.dot(others, partLength)
    }

    /// Replaces the errors of some columns and brings the products that are still asked for up to date.
    func take(_ errors: UnsafeMutablePointer<Float>, at start: Int, _ count: Int, of place: BlockPlace) {
        for index in 0..<count {
            let new = errors[index]
            errors[index] = new - place.error[start &+ index]
            place.error[start &+ index] = new
        }
        place.kept.addProduct(
            errors, count, metric.moments.base + ((place.column &+ start) &* columns &+ place.keptColumn),
            stride: columns, count: place.keptCount)
    }

    /// Goes through a part's groups; keeps `.partError` and `.partTarget`, the products, up to date.
    private func improveGroups(
        _ codec: some QuantizingCodec, _ place: BlockPlace, partStart: Int, in block: UnsafeMutableRawPointer
    ) {
        let (error, products) = (floats(.partError), floats(.partTarget))
        let (wish, decoded, change, saved) = (floats(.target), floats(.decoded), floats(.trialError), bytes(2))
        let length = groupLength
        for start in stride(from: 0, to: partLength, by: length) {
            let column = place.column &+ partStart &+ start
            let weights = place.weights + (partStart &+ start)
            let inverse = metric.groupInverse.base + column &* length
            for index in 0..<length { wish[index] = weights[index] - error[start &+ index] }
            wish.addProduct(products + start, length, inverse, stride: length, count: length)
            saved.copyMemory(from: block, byteCount: blockByteCount)
            codec.encodeGroup(
                wish, weights: metric.diagonal.base + column, column: partStart &+ start, count: length, in: block,
                decoded: decoded)
            var isChanged = false
            for index in 0..<length {
                let new = weights[index] - decoded[index] - error[start &+ index]
                change[index] = new
                isChanged = isChanged || new != 0
            }
            if isChanged, !accept(change, place, partStart: partStart, start: start) {
                block.copyMemory(from: saved, byteCount: blockByteCount)
            }
            if codec.isSignParityEven, length == 8 {
                flipSigns(codec, place, partStart: partStart, start: start, in: block)
            }
        }
    }

    /// Changes the errors of a group, if E·H·Eᵀ is less for it.
    func accept(_ change: UnsafePointer<Float>, _ place: BlockPlace, partStart: Int, start: Int) -> Bool {
        let (error, products) = (floats(.partError), floats(.partTarget))
        let column = place.column &+ partStart &+ start
        let gain = change.dot(products + start, groupLength)
        guard 2 * gain + quadratic(change, at: column, groupLength) < 0 else { return false }
        for index in 0..<groupLength { error[start &+ index] += change[index] }
        products.addProduct(
            change, groupLength, metric.moments.base + (column &* columns &+ place.column &+ partStart),
            stride: columns, count: partLength)
        return true
    }

    /// Moves the factors of a block of each row to where E·H·Eᵀ is least for the codes that it has.
    private func refitFactors(_ codec: some QuantizingCodec, rowCount: Int, _ place: (_ row: Int) -> BlockPlace) {
        let (decoded, trial) = (floats(.decoded), bytes(0))
        let first = place(0)
        let (kept, own) = (first.keptCount, first.column &- first.keptColumn)
        let factors = floats(.factors)
        func values(_ row: Int) -> UnsafeMutablePointer<Float> { blockValues.base + row &* blockLength }
        for row in 0..<rowCount {
            let (place, values) = (place(row), values(row))
            for index in 0..<blockLength { values[index] = place.weights[index] - place.error[index] }
        }
        multiplyValues(
            of: first.column..<first.column &+ blockLength, rowCount: rowCount, by: first.column, blockLength)
        for row in 0..<rowCount {
            let (place, values) = (place(row), values(row))
            let slope = UnsafePointer(values).dot(place.products, blockLength)
            let curvature = UnsafePointer(values).dot(blockProducts.base + row &* Self.rowStride, blockLength)
            let factor = curvature > 0 ? 1 + slope / curvature : 1
            factors[row] = factor > 0.5 && factor < 2 ? factor : 1
            trial.copyMemory(from: place.block, byteCount: blockByteCount)
            if factors[row] != 1 { codec.multiplyScales(of: trial, by: factors[row]) }
            codec.decode(trial, count: blockLength, into: decoded)
            // From here on the changes of the errors.
            for index in 0..<blockLength { values[index] = place.weights[index] - decoded[index] - place.error[index] }
        }
        multiplyValues(of: first.column..<first.column &+ blockLength, rowCount: rowCount, by: first.keptColumn, kept)
        for row in 0..<rowCount where factors[row] != 1 {
            let (place, changes, products) = (place(row), values(row), blockProducts.base + row &* Self.rowStride)
            let gain = UnsafePointer(changes).dot(place.products, blockLength)
            guard 2 * gain + UnsafePointer(changes).dot(products + own, blockLength) < 0 else { continue }
            codec.multiplyScales(of: place.block, by: factors[row])
            for index in 0..<blockLength { place.error[index] += changes[index] }
            for index in 0..<kept { place.kept[index] += products[index] }
        }
    }

    /// Fills the products with some columns of H times the block's values.
    private func multiplyValues(of block: Range<Int>, rowCount: Int, by column: Int, _ count: Int) {
        roundedValues.fill(
            rows: 0..<rowCount, from: blockValues.base, stride: blockLength, length: blockLength, at: block.lowerBound)
        clear(blockProducts, rowCount: rowCount)
        roundedValues.addProducts(
            0..<rowCount, with: metric.roundedMoments, column..<column &+ count, elements: block, to: blockProducts.base
        )
    }
}
