import CSIMD

/// Sixteen floats, one per lane.
typealias Lanes = SIMD16<Float>

extension UnsafeRawPointer {
    /// A half-precision number at a byte offset, as stored scales are.
    @inline(__always)
    func half(_ offset: Int) -> Float { Float(loadUnaligned(fromByteOffset: offset, as: Float16.self)) }

    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

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

    @inline(__always)
    func storeByte(_ value: Int32, _ offset: Int) {
        storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: offset, as: UInt8.self)
    }
}

extension UnsafePointer<Float> {
    @inline(__always)
    func lanes(_ offset: Int) -> Lanes { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }
}

extension UnsafeMutablePointer<Float> {
    @inline(__always)
    func lanes(_ offset: Int) -> Lanes { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }

    @inline(__always)
    func store(_ lanes: Lanes, _ offset: Int) {
        UnsafeMutableRawPointer(self + offset).storeBytes(of: lanes, as: Lanes.self)
    }
}

extension Lanes {
    /// Sixteen unsigned codes as numbers.
    @inline(__always)
    init(codes: SIMD16<UInt8>) { self = csimd_from_bytes(codes) }

    @inline(__always)
    init(codes: SIMD16<Int8>) { self = csimd_from_signed_bytes(codes) }
}

extension Lanes {
    /// 0, 1, … 15.
    static var ramp: Lanes { Lanes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }

    /// The first lane that holds the least value; 0 if there is none because of NaNs.
    @inline(__always)
    var indexOfLeast: Int { csimd_equal_mask(self, Lanes(repeating: csimd_least(self))).trailingZeroBitCount & 15 }
}
