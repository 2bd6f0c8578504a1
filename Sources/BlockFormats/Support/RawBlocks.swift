import CSIMD

/// Sixteen floats, one per lane.
typealias Lanes = SIMD16<Float>

extension UnsafeRawPointer {
    /// A half-precision number at a byte offset, as stored scales are.
    @inline(__always)
    func half(_ offset: Int) -> Float { Float(loadUnaligned(fromByteOffset: offset, as: Float16.self)) }

    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

    /// One of the nibbles from an offset on, low ones first.
    @inline(__always)
    func nibble(_ index: Int, from offset: Int) -> Int { Int(byte(offset &+ index / 2)) &>> (4 &* (index & 1)) & 15 }

    @inline(__always)
    func uint16(_ offset: Int) -> UInt16 { loadUnaligned(fromByteOffset: offset, as: UInt16.self) }

    @inline(__always)
    func uint32(_ offset: Int) -> UInt32 { loadUnaligned(fromByteOffset: offset, as: UInt32.self) }

    @inline(__always)
    func bytes16(_ offset: Int) -> SIMD16<UInt8> { loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self) }

    @inline(__always)
    func signedBytes16(_ offset: Int) -> SIMD16<Int8> { loadUnaligned(fromByteOffset: offset, as: SIMD16<Int8>.self) }
}

extension UnsafeMutableRawPointer {
    /// Stores a scale; the value must be one that half precision holds.
    @inline(__always)
    func storeHalf(_ value: Float, _ offset: Int) {
        storeBytes(of: Float16(value), toByteOffset: offset, as: Float16.self)
    }

    /// Replaces one of the nibbles from an offset on.
    @inline(__always)
    func storeNibble(_ value: Int, _ index: Int, from offset: Int) {
        let shift = 4 &* (index & 1)
        let other = Int(UnsafeRawPointer(self).byte(offset &+ index / 2)) & ~(15 &<< shift)
        storeByte(Int32(truncatingIfNeeded: other | value &<< shift), offset &+ index / 2)
    }

    @inline(__always)
    func storeByte(_ value: Int32, _ offset: Int) {
        storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: offset, as: UInt8.self)
    }
}

extension UnsafePointer<Float> {
    @inline(__always)
    func lanes(_ offset: Int) -> Lanes { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }

    @inline(__always)
    func eight(_ offset: Int) -> SIMD8<Float> { UnsafeRawPointer(self + offset).loadUnaligned(as: SIMD8<Float>.self) }
}

extension UnsafeMutablePointer<Float> {
    @inline(__always)
    func lanes(_ offset: Int) -> Lanes { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }

    @inline(__always)
    func store(_ lanes: Lanes, _ offset: Int) {
        UnsafeMutableRawPointer(self + offset).storeBytes(of: lanes, as: Lanes.self)
    }

    /// Stores the first eight lanes.
    @inline(__always)
    func storeEight(_ lanes: Lanes, _ offset: Int) {
        UnsafeMutableRawPointer(self + offset).storeBytes(of: lanes.lowHalf, as: SIMD8<Float>.self)
    }
}

extension Lanes {
    /// Sixteen unsigned codes as numbers.
    @inline(__always)
    init(codes: SIMD16<UInt8>) { self = csimd_from_bytes(codes) }

    @inline(__always)
    init(codes: SIMD16<Int8>) { self = csimd_from_signed_bytes(codes) }

    /// Two code words of eight signed bytes each, to which others are added.
    @inline(__always)
    init(words: UInt64, _ second: UInt64 = 0, plus bytes: UInt64, _ secondBytes: UInt64 = 0) {
        let words = unsafeBitCast(SIMD2(words, second), to: SIMD16<Int8>.self)
        self.init(codes: words &+ unsafeBitCast(SIMD2(bytes, secondBytes), to: SIMD16<Int8>.self))
    }

    /// Two code words of eight magnitudes each, with masks that are all ones in the bytes where the sign is minus.
    @inline(__always)
    init(magnitudes: UInt64, _ second: UInt64 = 0, masks: UInt64, _ secondMask: UInt64 = 0) {
        let bytes = unsafeBitCast(SIMD2(magnitudes, second), to: SIMD16<Int8>.self)
        let mask = unsafeBitCast(SIMD2(masks, secondMask), to: SIMD16<Int8>.self)
        self.init(codes: (bytes ^ mask) &- mask)
    }
}

extension Lanes {
    /// The numbers of the lanes: 0, 1, … 15.
    static var ramp: Lanes { Lanes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }

    /// Up to sixteen numbers, then zeros.
    init(padding numbers: [Float]) {
        self.init()
        for (lane, number) in numbers.enumerated() { self[lane] = number }
    }

    /// Numbers of which each is the one before times a ratio.
    static func geometric(_ first: Float, _ ratio: Float) -> Lanes {
        var lanes = Lanes()
        var number = first
        for lane in 0..<16 {
            lanes[lane] = number
            number *= ratio
        }
        return lanes
    }

    /// The first lane that holds the least value; 0 if there is none because of NaNs.
    @inline(__always)
    var indexOfLeast: Int { csimd_equal_mask(self, Lanes(repeating: csimd_least(self))).trailingZeroBitCount & 15 }
}
