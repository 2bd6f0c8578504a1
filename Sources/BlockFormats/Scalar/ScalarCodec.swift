import CSIMD

/// A format in which every element has a code of its own: value = level of the code · scale (+ minimum).
///
/// Such a codec says where a block keeps its codes and scales, and how its scales are chosen. Decoding, the choice of codes
/// and the walk along a row are the same for all of them. A *vector* is sixteen columns of a block, starting at a multiple
/// of sixteen; a *part* is the vectors that share a scale.
protocol ScalarCodec: ElementCodec, IntegerCodec {
    associatedtype Grid: CodeGrid

    /// The levels that the codes stand for.
    static var grid: Grid { get }
    /// Bytes per block.
    static var byteCount: Int { get }
    static var partCount: Int { get }
    static var vectorsPerPart: Int { get }
    /// Where a block has the half-precision number that all its scales are multiples of, if it has one.
    static var factorOffset: Int? { get }
    /// Where a block has the half-precision number that all its minima are multiples of, if it has one.
    static var minimumFactorOffset: Int? { get }

    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8>
    /// Stores sixteen codes and leaves all others as they are.
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int)
    /// Chooses all codes of a block under the scales that it has.
    static func storeNearestCodes(_ row: UnsafePointer<Float>, into block: UnsafeMutableRawPointer, _ grid: Grid)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float
    /// What is added to the elements of a part; nil in formats without it.
    static func minimum(_ block: UnsafeRawPointer, _ part: Int) -> Float?
    /// Scale and minimum of a part as a step moves them; nil if there is no such scale.
    static func scale(
        _ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep
    ) -> (scale: Float, minimum: Float?)?

    /// Chooses the scales of a block and stores them; the codes are chosen afterwards.
    ///
    /// - Parameters:
    ///   - elements: The block's elements.
    ///   - room: Working memory of ``ScalarRoom/workCount`` floats.
    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>)
}

extension ScalarCodec {
    var requiresImportance: Bool { false }
    var groupLength: Int { 1 }
    var partLength: Int { 16 &* Self.vectorsPerPart }
    static var minimumFactorOffset: Int? { nil }

    @inline(__always)
    static func minimum(_ block: UnsafeRawPointer, _ part: Int) -> Float? { nil }

    static func scale(
        _ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep
    ) -> (scale: Float, minimum: Float?)? {
        step == ScaleStep() ? (scale(block, part), minimum(block, part)) : nil
    }

    func elementLevels(ofPart part: Int, movedBy step: ScaleStep, in block: UnsafeRawPointer) -> ElementLevels? {
        Self.scale(block, part, movedBy: step).map {
            ElementLevels(Self.grid.ladder, scale: $0.scale, minimum: $0.minimum)
        }
    }

    @inline(__always)
    static var vectorCount: Int { partCount &* vectorsPerPart }

    @inline(__always)
    private static func values(_ codes: SIMD16<UInt8>, _ grid: Grid, _ scale: Float, _ minimum: Float?) -> Lanes {
        let lanes = grid.levels(codes) * scale
        return minimum.map { lanes + $0 } ?? lanes
    }

    @inline(__always)
    private static func nearestCodes(
        _ lanes: Lanes, _ grid: Grid, inverseScale: Float, _ minimum: Float?
    ) -> SIMD16<UInt8> {
        grid.codes((minimum.map { lanes - $0 } ?? lanes) * inverseScale)
    }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        let grid = Self.grid
        let length = 16 &* Self.vectorCount
        for index in 0..<count / length {
            let block = source + index &* Self.byteCount
            for part in 0..<Self.partCount {
                let scale = Self.scale(block, part)
                let minimum = Self.minimum(block, part)
                for place in 0..<Self.vectorsPerPart {
                    let vector = part &* Self.vectorsPerPart &+ place
                    target.store(
                        Self.values(Self.codes(block, vector), grid, scale, minimum),
                        index &* length &+ 16 &* vector)
                }
            }
        }
    }

    var integerForm: IntegerForm {
        IntegerForm(
            groupLength: min(partLength, 32), lowest: Int(Self.grid.lowest), highest: Int(Self.grid.highest),
            hasOffsets: Self.minimumFactorOffset != nil)
    }

    func takeApart(_ source: UnsafeRawPointer, count: Int, into target: IntegerElements) {
        let grid = Self.grid
        let form = integerForm
        let lowest = Float(form.lowest)
        for index in 0..<count / (16 &* Self.vectorCount) {
            let block = source + index &* Self.byteCount
            for part in 0..<Self.partCount {
                let scale = Self.scale(block, part)
                let minimum = Self.minimum(block, part)
                for place in 0..<Self.vectorsPerPart {
                    let vector = part &* Self.vectorsPerPart &+ place
                    let start = 16 &* (index &* Self.vectorCount &+ vector)
                    UnsafeMutableRawPointer(target.numbers + start)
                        .storeBytes(
                            of: grid.numbers(Self.codes(block, vector), lowest: lowest), as: SIMD16<UInt8>.self)
                    let group = start / form.groupLength
                    target.scales[group] = scale
                    if let minimum { target.offsets[group] = minimum }
                }
            }
        }
    }

    func encodeGroup(
        _ values: UnsafePointer<Float>, weights: UnsafePointer<Float>?, column: Int, count: Int,
        in block: UnsafeMutableRawPointer, decoded: UnsafeMutablePointer<Float>
    ) {
        let grid = Self.grid
        var vector = column >> 4
        while 16 &* vector < column &+ count {
            let start = 16 &* vector
            let first = UInt32(truncatingIfNeeded: max(column &- start, 0))
            let end = UInt32(truncatingIfNeeded: min(column &+ count &- start, 16))
            let mask = (1 &<< end) &- (1 &<< first)
            let scale = Self.scale(block, vector / Self.vectorsPerPart)
            let minimum = Self.minimum(block, vector / Self.vectorsPerPart)
            var codes = Self.codes(block, vector)
            // Under a scale of zero all codes are the same: those that are there stay.
            if scale != 0 {
                let lanes = csimd_load_where(mask, values + (start &- column))
                let nearest = Self.nearestCodes(lanes, grid, inverseScale: 1 / scale, minimum)
                codes = csimd_select_bytes(mask, nearest, codes)
                Self.storeCodes(codes, block, vector)
            }
            csimd_store_where(mask, Self.values(codes, grid, scale, minimum), decoded + (start &- column))
            vector &+= 1
        }
    }

    @inline(__always)
    static func storeNearestCodes(
        _ row: UnsafePointer<Float>, into block: UnsafeMutableRawPointer, _ grid: Grid
    ) {
        for part in 0..<partCount {
            let scale = scale(block, part)
            let minimum = minimum(block, part)
            let inverse = scale != 0 ? 1 / scale : 0
            for place in 0..<vectorsPerPart {
                let vector = part &* vectorsPerPart &+ place
                storeCodes(
                    nearestCodes(row.lanes(16 &* vector), grid, inverseScale: inverse, minimum), block, vector)
            }
        }
    }

    func multiplyScales(of block: UnsafeMutableRawPointer, by factor: Float) {
        guard let offset = Self.factorOffset else { return }
        Self.multiplyScale(block, at: offset, by: factor)
        if let other = Self.minimumFactorOffset { Self.multiplyScale(block, at: other, by: factor) }
    }

    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool { false }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let grid = Self.grid
        let length = 16 &* Self.vectorCount
        let room = ScalarRoom(scratch)
        // Blocks shorter than 256 elements share a mean square with their neighbours.
        for start in stride(from: 0, to: count, by: 256) {
            let stretch = min(256, count &- start)
            let blocks = target + start / length &* Self.byteCount
            guard
                let elements = PreparedElements(
                    row + start, count: stretch, importance: importance.map { $0 + start }, policy: policy,
                    values: room.values, weights: room.weights)
            else {
                blocks.initializeMemory(as: UInt8.self, repeating: 0, count: stretch / length &* Self.byteCount)
                continue
            }
            for index in 0..<stretch / length {
                let block = blocks + index &* Self.byteCount
                let part = elements.dropFirst(index &* length)
                storeScales(of: part, into: block, room: room.work)
                Self.storeNearestCodes(row + (start &+ index &* length), into: block, grid)
                if let offset = Self.factorOffset {
                    restoreGain(
                        block, scaleAt: offset, otherScaleAt: Self.minimumFactorOffset, part, count: length,
                        decoded: room.work)
                }
            }
        }
    }
}

/// The working memory of a scalar format's encoder.
struct ScalarRoom {
    static let workCount = 512

    let values: UnsafeMutablePointer<Float>
    let weights: UnsafeMutablePointer<Float>
    let work: UnsafeMutablePointer<Float>

    init(_ scratch: EncodingScratch) {
        values = scratch.floats(512 + Self.workCount)
        weights = values + 256
        work = values + 512
    }
}
