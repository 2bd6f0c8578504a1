import CSIMD

extension QuantizingCodec {
    /// What to multiply the scales of a block just stored by so that its elements come out neither too small nor too large,
    /// as far as the policy asks for it; at least one.
    ///
    /// Codes of least squared error shrink what they encode, at two bits by 3 to 12 %, and every output of the layer with
    /// it. Restored by 1, Σ importance · x · decoded x equals Σ importance · x², the part of the outputs' size that importances
    /// can see; what each type restores is that of the least KL divergence of whole models. (No other codes would serve the
    /// larger scale better: those of least error for elements enlarged by a factor are the same codes.)
    ///
    /// - Parameters:
    ///   - count: The elements of the block.
    ///   - decoded: Room for `count` elements.
    func gain(
        of block: UnsafeRawPointer, _ elements: PreparedElements, count: Int = 256,
        decoded: UnsafeMutablePointer<Float>
    ) -> Float {
        guard policy.gainRestoration != 0 else { return 1 }
        decode(block, count: count, into: decoded)
        var products = Lanes()
        var squares = Lanes()
        for start in stride(from: 0, to: count, by: 16) {
            let lanes = elements.values.lanes(start)
            let weighted = lanes * elements.shares(start)
            squares = csimd_multiply_add(weighted, lanes, squares)
            products = csimd_multiply_add(weighted, decoded.lanes(start) * (1 / elements.unit), products)
        }
        // Extreme importances may leave a single element to decide: no more than twice what whole tensors need.
        let ratio = csimd_sum(squares) / csimd_sum(products)
        return ratio > 1 ? 1 + policy.gainRestoration * (min(ratio, 1.25) - 1) : 1
    }

    /// Multiplies the scales of a block just stored by its ``gain(of:_:count:decoded:)``.
    ///
    /// - Parameters:
    ///   - offset: Where the block has its half-precision scale.
    ///   - otherOffset: Where it has another one.
    ///   - count: The elements of the block.
    ///   - decoded: Room for `count` elements.
    func restoreGain(
        _ block: UnsafeMutableRawPointer, scaleAt offset: Int, otherScaleAt otherOffset: Int? = nil,
        _ elements: PreparedElements, count: Int = 256, decoded: UnsafeMutablePointer<Float>
    ) {
        let gain = gain(of: block, elements, count: count, decoded: decoded)
        guard gain != 1 else { return }
        Self.multiplyScale(block, at: offset, by: gain)
        if let otherOffset { Self.multiplyScale(block, at: otherOffset, by: gain) }
    }

    @inline(__always)
    static func multiplyScale(_ block: UnsafeMutableRawPointer, at offset: Int, by gain: Float) {
        block.storeHalf(max(-65504, min(65504, UnsafeRawPointer(block).half(offset) * gain)), offset)
    }
}
