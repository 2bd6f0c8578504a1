import TensorCore

/// Q5_K: as Q4_K, with a fifth bit per code.
///
/// Layout (176 bytes): the two factors; 12 bytes of ``SixBitScales``; 32 bytes of fifth bits, bit i of byte j for element j
/// of the i-th 32; 128 bytes of lower bits, of each 64 elements the first half in the low nibbles.
struct Q5KCodec: QuantizingCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .q5_K }
    var requiresImportance: Bool { false }

    private static let superblock = AffineSuperblock(
        search: AffineSearch(highest: 31, minimumIsNeverPositive: true, clips: SIMD4(-0.005, 0.01, 0.03, 0.07)),
        partLength: 32, highestMultiple: 63, starts: 1)

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count / 256 {
            let block = source + index &* 176
            let factor = block.half(0)
            let minimumFactor = block.half(2)
            for part in 0..<8 {
                let scale = factor * Float(SixBitScales.scale(block + 4, part))
                let minimum = minimumFactor * Float(SixBitScales.minimum(block + 4, part))
                let shift = UInt8(truncatingIfNeeded: 4 &* (part & 1))
                for half in 0..<2 {
                    let low = (block.bytes16(48 &+ 32 &* (part >> 1) &+ 16 &* half) &>> shift) & 15
                    let fifth = (block.bytes16(16 &+ 16 &* half) &>> UInt8(truncatingIfNeeded: part)) & 1
                    target.store(
                        Lanes(codes: low | fifth &<< 4) * scale - minimum, index &* 256 &+ 32 &* part &+ 16 &* half)
                }
            }
        }
    }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let superblock = Self.superblock
        var room = AffineSuperblock.Room(scratch)
        for index in 0..<count / 256 {
            let block = target + index &* 176
            let offset = index &* 256
            if superblock.encode(row + offset, importance: importance.map { $0 + offset }, policy: policy, &room) != nil
            {
                Self.store(room, into: block)
            } else {
                block.initializeMemory(as: UInt8.self, repeating: 0, count: 176)
            }
        }
    }

    private static func store(_ room: AffineSuperblock.Room, into block: UnsafeMutableRawPointer) {
        let codes = UnsafeRawPointer(room.codes)
        block.storeHalf(room.factor, 0)
        block.storeHalf(room.minimumFactor, 2)
        SixBitScales.store(room.scales, room.minima, into: block + 4)
        for half in 0..<2 {
            var fifths = SIMD16<UInt8>()
            for part in 0..<8 {
                fifths |= (codes.bytes16(32 &* part &+ 16 &* half) &>> 4) &<< UInt8(truncatingIfNeeded: part)
            }
            block.storeBytes(of: fifths, toByteOffset: 16 &+ 16 &* half, as: SIMD16<UInt8>.self)
        }
        for group in 0..<8 {
            let start = 64 &* (group >> 1) &+ 16 &* (group & 1)
            let packed = codes.bytes16(start) & 15 | codes.bytes16(start &+ 32) &<< 4
            block.storeBytes(of: packed, toByteOffset: 48 &+ 16 &* group, as: SIMD16<UInt8>.self)
        }
    }
}
