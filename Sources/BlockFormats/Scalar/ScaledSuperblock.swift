import CSIMD

/// A format whose super-block of 256 elements has a half-precision factor, and for each of its parts a small whole number that
/// the factor turns into the part's scale.
protocol ScaledSuperblockCodec: ScalarCodec {
    static var superblock: ScaledSuperblock<Grid> { get }

    /// A part's whole number.
    static func multiple(_ block: UnsafeRawPointer, _ part: Int) -> Int32
    /// Stores the parts' whole numbers.
    static func storeMultiples(_ multiples: UnsafePointer<Int32>, into block: UnsafeMutableRawPointer)
}

extension ScaledSuperblockCodec {
    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float {
        block.half(factorOffset ?? 0) * Float(multiple(block, part))
    }

    private static func multiple(_ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep) -> Int32? {
        let moved = multiple(block, part) &+ Int32(truncatingIfNeeded: step.scale)
        let range = Int32(superblock.lowestMultiple)...Int32(superblock.highestMultiple)
        return step.offset == 0 && range ~= moved ? moved : nil
    }

    static func scale(
        _ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep
    ) -> (scale: Float, minimum: Float?)? {
        multiple(block, part, movedBy: step).map { (block.half(factorOffset ?? 0) * Float($0), nil) }
    }

    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool {
        guard let moved = Self.multiple(block, part, movedBy: step) else { return false }
        var multiples = SIMD16<Int32>()
        for index in 0..<Self.partCount { multiples[index] = index == part ? moved : Self.multiple(block, index) }
        withUnsafeBytes(of: multiples) { bytes in
            Self.storeMultiples(bytes.assumingMemoryBound(to: Int32.self).baseAddress!, into: block)
        }
        return true
    }

    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let scales = Self.superblock.chooseScales(elements, work: room)
        block.storeHalf(scales.factor * elements.unit, Self.factorOffset ?? 0)
        Self.storeMultiples(scales.multiples, into: block)
    }
}

/// The search for the scales of such a super-block.
struct ScaledSuperblock<Grid: CodeGrid>: Sendable {
    let search: ScaleSearch<Grid>
    /// Elements that share a scale.
    let partLength: Int
    let lowestMultiple: Float
    let highestMultiple: Float
    /// How many factors to start from: the part with the greatest scale gets the lowest multiple, then the highest, its
    /// opposite, the one below it, and so on.
    let starts: Int

    private var partCount: Int { 256 / partLength }

    /// The scales of one super-block, and the working memory of the search for them.
    struct Room {
        /// The factor in units of the prepared elements.
        var factor: Float = 0
        let multiples: UnsafeMutablePointer<Int32>
        fileprivate let trials: UnsafeMutablePointer<Int32>
        fileprivate let fitted: UnsafeMutablePointer<Float>

        fileprivate init(_ floats: UnsafeMutablePointer<Float>) {
            fitted = floats
            multiples = UnsafeMutableRawPointer(floats + 16).bindMemory(to: Int32.self, capacity: 32)
            trials = multiples + 16
        }
    }

    /// Chooses the factor and every part's multiple of it.
    ///
    /// - Parameters:
    ///   - work: Room for 48 floats, in which the result lies.
    @inline(__always)
    func chooseScales(_ elements: PreparedElements, work: UnsafeMutablePointer<Float>) -> Room {
        var room = Room(work)
        var greatest: Float = 0
        for part in 0..<partCount {
            let place = part &* partLength
            let scale = search.bestScale(elements.values + place, elements.weights + place, count: partLength)
            room.fitted[part] = scale
            if scale.magnitude > greatest.magnitude { greatest = scale }
        }
        var least = Float.infinity
        tryFactor(elements, elements.storable(greatest / lowestMultiple), &least, &room)
        for start in 0..<starts &- 1 {
            let multiple = highestMultiple - Float(start >> 1)
            tryFactor(elements, elements.storable(greatest / (start & 1 == 0 ? multiple : -multiple)), &least, &room)
        }
        for _ in 0..<2 { tryFactor(elements, elements.storable(refittedFactor(elements, room)), &least, &room) }
        return room
    }

    /// Chooses the multiples under a given factor, and keeps them if the error is less than any before.
    private func tryFactor(_ elements: PreparedElements, _ factor: Float, _ least: inout Float, _ room: inout Room) {
        let low = Lanes(repeating: lowestMultiple)
        let high = Lanes(repeating: highestMultiple)
        var error: Float = 0
        for part in 0..<partCount {
            let place = part &* partLength
            let nearest = factor != 0 ? (room.fitted[part] / factor).rounded() : 0
            let multiples = csimd_minimum(csimd_maximum(Lanes.ramp - 7 + nearest, low), high)
            let errors = search.grid.errors(
                elements.values + place, elements.weights + place, count: partLength, scales: multiples * factor)
            let lane = errors.indexOfLeast
            error += errors[lane]
            // Errors only add up.
            guard error < least else { return }
            room.trials[part] = Int32(multiples[lane])
        }
        least = error
        room.factor = factor
        room.multiples.update(from: room.trials, count: partCount)
    }

    /// The factor that fits best when multiples and codes stay as they are.
    private func refittedFactor(_ elements: PreparedElements, _ room: Room) -> Float {
        var square: Float = 0
        var product: Float = 0
        for part in 0..<partCount where room.multiples[part] != 0 {
            let multiple = Float(room.multiples[part])
            let inverse = 1 / (room.factor * multiple)
            var squares = Lanes()
            var products = Lanes()
            for start in stride(from: part &* partLength, to: (part &+ 1) &* partLength, by: 16) {
                let lanes = elements.values.lanes(start)
                let level = search.grid.nearest(lanes * inverse)
                let weighted = level * elements.weights.lanes(start)
                squares = csimd_multiply_add(weighted, level, squares)
                products = csimd_multiply_add(weighted, lanes, products)
            }
            square += multiple * multiple * csimd_sum(squares)
            product += multiple * csimd_sum(products)
        }
        return square > 0 ? product / square : room.factor
    }
}
