import CSIMD

/// A format whose super-blocks of 256 elements have a half-precision scale at their start, per 32 elements an odd multiple
/// of it up to 31, and per 4 elements a word of a ``QuadBook``.
protocol QuadCodec: QuantizingCodec {
    static var book: QuadBook { get }

    /// The scale code of 32 elements.
    static func scaleCode(part: Int, of block: UnsafeRawPointer) -> Int32
    static func storeScaleCode(_ code: Int32, part: Int, into block: UnsafeMutableRawPointer)

    /// Stores the words and the signs of eight elements.
    static func storeGroup(_ group: Int, _ pair: QuadPair, signs: UInt32, into block: UnsafeMutableRawPointer)
}

extension QuadCodec {
    var groupLength: Int { 8 }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let size = type.blockByteCount
        let book = Self.book
        let floats = scratch.floats(QuadSearch.floatCount(book))
        book.magnitudes.withUnsafeBufferPointer { magnitudes in
            var search = QuadSearch(book, magnitudes: magnitudes.baseAddress!, floats: floats)
            for index in 0..<count / 256 {
                let block = target + index &* size
                let offset = index &* 256
                block.initializeMemory(as: UInt8.self, repeating: 0, count: size)
                if let elements = PreparedElements(
                    row + offset, count: 256, importance: importance.map { $0 + offset }, policy: policy,
                    values: search.values, weights: search.weights)
                {
                    let scales = search.chooseScales()
                    Self.store(scales, elements, search, into: block)
                    restoreGain(block, scaleAt: 0, elements, decoded: search.decoded)
                }
            }
        }
    }

    /// Chooses words and signs under scales already chosen, and stores the block.
    @inline(__always)
    private static func store(
        _ scales: QuadSearch.Scales, _ elements: PreparedElements, _ search: QuadSearch,
        into block: UnsafeMutableRawPointer
    ) {
        var squares: Float = 0
        var products: Float = 0
        for part in 0..<8 {
            let multiple = Float(2 &* scales.codes[part] &+ 1)
            storeScaleCode(scales.codes[part], part: part, into: block)
            let scale = scales.factor * multiple
            let isCovered = search.isCovered(part: part, scale: scale)
            for group in 4 &* part..<4 &* part &+ 4 {
                let (pair, error) =
                    isCovered
                    ? search.bestPair(group: group, scale: scale) : search.bestPairOfAll(group: group, scale: scale)
                squares += multiple * multiple * error.a
                products += multiple * error.b
                storeGroup(group, pair, signs: search.signs(group: group, pair), into: block)
            }
        }
        let factor = squares > 0 && products > 0 ? products / squares : scales.factor
        block.storeHalf(elements.storable(factor) * elements.unit, 0)
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
                let target = QuadTarget(values + start, weights: weights.map { $0 + start }, scale: scale)
                let pair = target.bestPair(book, magnitudes.baseAddress!)
                let signs = QuadBook.signs(
                    target.signs, pair, products: target.weights * target.values, magnitudes.baseAddress!)
                Self.storeGroup(group, pair, signs: signs, into: block)
                for element in 0..<8 {
                    let word = QuadBook.magnitudes(
                        of: element < 4 ? pair.first : pair.second, magnitudes.baseAddress!)
                    let sign: Float = signs >> UInt32(truncatingIfNeeded: element) & 1 == 1 ? -1 : 1
                    decoded[start &+ element] = sign * word[element & 3] * scale
                }
            }
        }
    }
}
