import CSIMD

/// A format whose super-blocks of 256 elements hold a scale, a scale code for each of their parts, and for every group of
/// eight elements the number of a code word and what belongs to it: signs, or the sign of a shift.
///
/// A conforming type says where these are in a block and which search finds code words; how scales are chosen and blocks
/// are put together is the same for all.
protocol CodeBookCodec: QuantizingCodec {
    associatedtype Search: CodeWordSearch

    /// Calls `body` with the search over one super-block, whose working memory is `room`.
    static func withSearch(_ room: SuperblockRoom, _ body: (Search) -> Void)

    /// The super-block's scale; all formats but one begin with it.
    static func factor(of block: UnsafeRawPointer) -> Float

    /// Replaces the super-block's scale, rounding to half precision.
    static func setFactor(_ factor: Float, of block: UnsafeMutableRawPointer)

    /// Stores the choice of a part, a lane of the search's multiples, into a block that is zero there.
    static func storeChoice(_ choice: Int, part: Int, into block: UnsafeMutableRawPointer)

    /// The choice of a part.
    static func choice(part: Int, of block: UnsafeRawPointer) -> Int

    /// Replaces the choice of a part.
    static func setChoice(_ choice: Int, part: Int, in block: UnsafeMutableRawPointer)

    /// How a choice is moved; nil if there is none there.
    static func choice(_ choice: Int, movedBy step: ScaleStep) -> Int?

    /// Elements that have a scale of their own.
    static var elementsPerPart: Int { get }

    /// Replaces the code word of a group.
    static func setWord(_ word: CodeWord, group: Int, in block: UnsafeMutableRawPointer)

    /// The scale that a group's levels are multiplied by.
    static func scale(ofGroup group: Int, in block: UnsafeRawPointer) -> Float

    /// The code word, with signs or shift, that leaves the least error on a group of a block.
    static func bestWord(_ target: GroupTarget, group: Int, in block: UnsafeRawPointer) -> CodeWord

    /// Decodes one group, to the same values as ``BlockCodec/decode(_:count:into:)``.
    static func decodeGroup(_ group: Int, of block: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>)
}

/// The number of a code word and its signs: one bit per element, set for minus, or bit 0 set for a negative shift.
struct CodeWord {
    var index: Int
    var signs: UInt32
}

/// The signs of eight elements, one bit each, set for minus.
@inline(__always)
func signBits(_ values: SIMD8<Float>) -> UInt32 {
    csimd_less_mask(Lanes(lowHalf: values, highHalf: SIMD8()), Lanes()) & 255
}

extension CodeBookCodec {
    var groupLength: Int { 8 }
    var partLength: Int { Self.elementsPerPart }

    static func choice(_ choice: Int, movedBy step: ScaleStep) -> Int? {
        let moved = choice &+ step.scale
        return step.offset == 0 && 0...15 ~= moved ? moved : nil
    }

    func multiplyScales(of block: UnsafeMutableRawPointer, by factor: Float) {
        Self.setFactor(max(-65504, min(65504, Self.factor(of: block) * factor)), of: block)
    }

    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool {
        guard let choice = Self.choice(Self.choice(part: part, of: block), movedBy: step) else { return false }
        Self.setChoice(choice, part: part, in: block)
        return true
    }

    static func factor(of block: UnsafeRawPointer) -> Float { block.half(0) }

    static func setFactor(_ factor: Float, of block: UnsafeMutableRawPointer) { block.storeHalf(factor, 0) }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let room = SuperblockRoom(scratch.floats(SuperblockRoom.sharedFloatCount + Search.momentCount))
        Self.withSearch(room) { search in
            for index in 0..<count / 256 {
                let block = target + index &* type.blockByteCount
                let offset = index &* 256
                block.initializeMemory(as: UInt8.self, repeating: 0, count: type.blockByteCount)
                if let elements = PreparedElements(
                    row + offset, count: 256, importance: importance.map { $0 + offset }, policy: policy,
                    values: room.values, weights: room.weights)
                {
                    Self.store(search.chooseScales(), elements, search, into: block)
                    let gain = gain(of: block, elements, decoded: room.decoded)
                    Self.setFactor(min(65504, Self.factor(of: block) * gain), of: block)
                }
            }
        }
    }

    /// Chooses the code words under scales already chosen, then the scale that fits them best, and stores the block.
    private static func store(
        _ scales: SuperblockScales, _ elements: PreparedElements, _ search: Search, into block: UnsafeMutableRawPointer
    ) {
        let layout = search.layout
        var squares: Float = 0
        var products: Float = 0
        for part in 0..<layout.partCount {
            let choice = Int(scales.choices[part])
            let multiple = layout.multiples[choice]
            storeChoice(choice, part: part, into: block)
            for group in layout.groups(ofPart: part) {
                let found = search.bestWord(
                    group: group, scale: scales.factor * multiple, kind: layout.kind(choice), isExact: true)
                squares += multiple * multiple * found.error.a
                products += multiple * found.error.b
                let word = CodeWord(index: found.index, signs: search.signs(found, group: group))
                setWord(word, group: group, in: block)
            }
        }
        let factor = squares > 0 && products > 0 ? products / squares : scales.factor
        setFactor(elements.storable(factor) * elements.unit, of: block)
    }

    func encodeGroup(
        _ values: UnsafePointer<Float>, weights: UnsafePointer<Float>?, column: Int, count: Int,
        in block: UnsafeMutableRawPointer, decoded: UnsafeMutablePointer<Float>
    ) {
        precondition(column >= 0 && column % 8 == 0 && count % 8 == 0 && column + count <= 256)
        for start in stride(from: 0, to: count, by: 8) {
            let group = (column &+ start) / 8
            let scale = Self.scale(ofGroup: group, in: block)
            // Under a scale of zero all codes are the same.
            if scale != 0, scale.isFinite {
                let target = GroupTarget(values + start, weights: weights.map { $0 + start }, scale: scale)
                Self.setWord(Self.bestWord(target, group: group, in: block), group: group, in: block)
            }
            Self.decodeGroup(group, of: block, into: decoded + start)
        }
    }
}

/// Working memory of one super-block.
struct SuperblockRoom {
    let values: UnsafeMutablePointer<Float>
    let weights: UnsafeMutablePointer<Float>
    let decoded: UnsafeMutablePointer<Float>
    /// Per part and trial, a and b of the code words that were best under some scale; for formats with two kinds of parts
    /// both kinds after each other.
    let trialSquares: UnsafeMutablePointer<Float>
    let trialProducts: UnsafeMutablePointer<Float>
    let columns: UnsafeMutablePointer<Float>
    /// The search's own memory.
    let moments: UnsafeMutablePointer<Float>

    static let sharedFloatCount = 3 * 256 + 2 * 16 * 16 + 512

    init(_ floats: UnsafeMutablePointer<Float>) {
        values = floats
        weights = floats + 256
        decoded = floats + 512
        trialSquares = floats + 768
        trialProducts = floats + 1024
        columns = floats + 1280
        moments = floats + Self.sharedFloatCount
    }
}

extension SIMD8<Float> {
    /// The greatest element.
    @inline(__always)
    var greatest: Float { -csimd_least(Lanes(lowHalf: -self, highHalf: -self)) }
}

/// Eight elements in units of a scale, with what an error on each costs in parts of the greatest.
struct GroupTarget {
    var values: SIMD8<Float>
    var weights: SIMD8<Float>

    /// Far beyond all levels, and small enough for sums of its products.
    private static let greatestValue: Float = 0x1p20

    @inline(__always)
    init(_ values: UnsafePointer<Float>, weights: UnsafePointer<Float>?, scale: Float) {
        let quotients = values.eight(0) / scale
        let limit = Lanes(repeating: Self.greatestValue)
        self.values =
            csimd_minimum(csimd_maximum(Lanes(lowHalf: quotients, highHalf: quotients), -limit), limit).lowHalf
        self.weights = SIMD8(repeating: 1)
        guard let weights else { return }
        let given = weights.eight(0)
        let greatest = given.greatest
        if greatest > 0 { self.weights = given / greatest }
    }

    /// The magnitudes of another target's values.
    @inline(__always)
    init(magnitudesOf other: GroupTarget) {
        values = other.values.replacing(with: -other.values, where: other.values .< 0)
        weights = other.weights
    }

    /// A target moved by some amount, which levels moved by it reach as well as before.
    @inline(__always)
    func moved(by amount: Float) -> GroupTarget {
        var result = self
        result.values += amount
        return result
    }
}
