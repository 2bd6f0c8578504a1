import CSIMD

/// A format whose super-blocks of 256 elements have a half-precision scale at their start, per 32 elements an odd multiple
/// of it up to 31, and per 4 elements a word of a ``QuadBook``.
protocol QuadCodec: QuantizingCodec {
    static var book: QuadBook { get }

    /// The scale code of 32 elements.
    static func scaleCode(part: Int, of block: UnsafeRawPointer) -> Int32
    static func storeScaleCode(_ code: Int32, part: Int, into block: UnsafeMutableRawPointer)

    /// Stores the words and the signs of eight elements.
    static func storeGroup(_ group: Int, _ pair: QuadPair, into block: UnsafeMutableRawPointer)
}

extension QuadCodec {
    var groupLength: Int { 8 }
    var partLength: Int { 32 }
    var isSignParityEven: Bool { Self.book.isSignParityEven }

    func multiplyScales(of block: UnsafeMutableRawPointer, by factor: Float) {
        Self.multiplyScale(block, at: 0, by: factor)
    }

    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool {
        let code = Self.scaleCode(part: part, of: block) &+ Int32(truncatingIfNeeded: step.scale)
        guard step.offset == 0, 0...15 ~= code else { return false }
        Self.storeScaleCode(code, part: part, into: block)
        return true
    }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let size = type.blockByteCount
        let book = Self.book
        let floats = scratch.floats(QuadSearch.floatCount)
        book.withTables { magnitudes, nearest in
            var search = QuadSearch(book, magnitudes: magnitudes, nearest: nearest, floats: floats)
            for index in 0..<count / 256 {
                let block = target + index &* size
                let offset = index &* 256
                block.initializeMemory(as: UInt8.self, repeating: 0, count: size)
                if let elements = PreparedElements(
                    row + offset, count: 256, importance: importance.map { $0 + offset }, policy: policy,
                    values: search.values, weights: search.weights)
                {
                    let scales = search.chooseScales()
                    let factor = Self.store(scales, search, magnitudes, into: block)
                    block.storeHalf(elements.storable(factor) * elements.unit, 0)
                    restoreGain(block, scaleAt: 0, elements, decoded: search.decoded)
                }
            }
        }
    }

    /// Chooses words and signs under scales already chosen, stores them, and returns the super-block's scale that fits them
    /// best.
    @inline(__always)
    private static func store(
        _ scales: QuadSearch.Scales, _ search: QuadSearch, _ magnitudes: UnsafePointer<Lanes>,
        into block: UnsafeMutableRawPointer
    ) -> Float {
        var squares = SIMD8<Float>()
        var products = SIMD8<Float>()
        for part in 0..<8 {
            let multiple = Float(2 &* scales.codes[part] &+ 1)
            storeScaleCode(scales.codes[part], part: part, into: block)
            for group in 4 &* part..<4 &* part &+ 4 {
                let values = search.values + 8 &* group
                let weights = search.weights + 8 &* group
                let pair = search.bestPair(group: group, scale: scales.factor * multiple)
                storeGroup(group, pair, into: block)
                let elements = pair.elements(magnitudes) * multiple
                let weighted = elements * UnsafeRawPointer(weights).loadUnaligned(as: SIMD8<Float>.self)
                squares += weighted * elements
                products += weighted * UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self)
            }
        }
        let square = squares.sum()
        let product = products.sum()
        return square > 0 && product > 0 ? product / square : scales.factor
    }

    func encodeGroup(
        _ values: UnsafePointer<Float>, weights: UnsafePointer<Float>?, column: Int, count: Int,
        in block: UnsafeMutableRawPointer, decoded: UnsafeMutablePointer<Float>
    ) {
        let book = Self.book
        let factor = UnsafeRawPointer(block).half(0)
        book.magnitudes.withUnsafeBufferPointer { magnitudes in
            for start in stride(from: 0, to: count, by: 8) {
                let group = (column &+ start) >> 3
                let scale = factor * Float(2 &* Self.scaleCode(part: group >> 2, of: block) &+ 1)
                let pair = QuadTarget(values + start, weights: weights.map { $0 + start }, scale: scale)
                    .bestPair(book, magnitudes.baseAddress!)
                Self.storeGroup(group, pair, into: block)
                UnsafeMutableRawPointer(decoded + start)
                    .storeBytes(of: pair.elements(magnitudes.baseAddress!) * scale, as: SIMD8<Float>.self)
            }
        }
    }
}
