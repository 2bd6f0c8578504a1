import CSIMD

extension UnsafeRawPointer {
    /// A bit field of each of the sixteen bytes from an offset on, `mask` being its mask after the shift.
    @inline(__always)
    func fields(_ offset: Int, shift: Int, mask: UInt8) -> SIMD16<UInt8> {
        (bytes16(offset) &>> UInt8(truncatingIfNeeded: shift)) & mask
    }

    /// Sixteen codes of 4 bits, those of each 32 elements in the low and then in the high halves of 16 bytes.
    @inline(__always)
    func nibbles(_ offset: Int, _ vector: Int) -> SIMD16<UInt8> {
        fields(offset &+ 16 &* (vector >> 1), shift: 4 &* (vector & 1), mask: 15)
    }

    /// Sixteen codes of 2 bits as Q2_K has them: of each 128 elements the 32-element quarter i in bits 2 i and 2 i + 1.
    @inline(__always)
    func quarters(_ offset: Int, _ vector: Int) -> SIMD16<UInt8> {
        fields(offset &+ 32 &* (vector >> 3) &+ 16 &* (vector & 1), shift: vector & 6, mask: 3)
    }

    /// Sixteen neighbouring bits as 0 or 1.
    @inline(__always)
    func bits(_ offset: Int, _ vector: Int) -> SIMD16<UInt8> {
        csimd_fifth_bits(UInt32(uint16(offset &+ 2 &* vector))) &>> 4
    }
}

extension UnsafeMutableRawPointer {
    /// Stores a bit field in each of sixteen bytes and leaves their other bits as they are.
    @inline(__always)
    func storeFields(_ codes: SIMD16<UInt8>, _ offset: Int, shift: Int, mask: UInt8) {
        let shift = UInt8(truncatingIfNeeded: shift)
        let others = UnsafeRawPointer(self).bytes16(offset) & ~(mask &<< shift)
        storeBytes(of: others | (codes & mask) &<< shift, toByteOffset: offset, as: SIMD16<UInt8>.self)
    }

    @inline(__always)
    func storeNibbles(_ codes: SIMD16<UInt8>, _ offset: Int, _ vector: Int) {
        storeFields(codes, offset &+ 16 &* (vector >> 1), shift: 4 &* (vector & 1), mask: 15)
    }

    @inline(__always)
    func storeQuarters(_ codes: SIMD16<UInt8>, _ offset: Int, _ vector: Int) {
        storeFields(codes, offset &+ 32 &* (vector >> 3) &+ 16 &* (vector & 1), shift: vector & 6, mask: 3)
    }

    /// Stores sixteen neighbouring bits, set where the byte is not zero.
    @inline(__always)
    func storeBits(_ bits: SIMD16<UInt8>, _ offset: Int, _ vector: Int) {
        storeBytes(
            of: UInt16(truncatingIfNeeded: csimd_nonzero_mask(bits)), toByteOffset: offset &+ 2 &* vector,
            as: UInt16.self)
    }
}

extension UInt64 {
    /// Eight bytes, the first of them the lowest.
    init(bytes: (_ index: Int) -> UInt8) {
        self = 0
        for index in 0..<8 { self |= UInt64(bytes(index)) << UInt64(8 * index) }
    }
}
