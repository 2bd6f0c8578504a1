import TensorCore

/// Q4_K: 256 elements share two half-precision factors; every 32 have a scale and a minimum of 6 bits; codes of 4 bits.
///
/// Layout (144 bytes): the factor of the scales, the factor of the minima; 12 bytes of ``SixBitScales``; 128 bytes of codes,
/// of each 64 elements the first half in the low nibbles.
/// value = factor · scale · code − factor of minima · minimum.
struct Q4KCodec: QuantizingCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .q4_K }
    var requiresImportance: Bool { false }

    private static let superblock = AffineSuperblock(
        search: AffineSearch(highest: 15, minimumIsNeverPositive: true, clips: SIMD4(-0.01, 0.02, 0.06, 0.12)),
        partLength: 32, highestMultiple: 63, starts: 1)

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count / 256 {
            let block = source + index &* 144
            let factor = block.half(0)
            let minimumFactor = block.half(2)
            for part in 0..<8 {
                let scale = factor * Float(SixBitScales.scale(block + 4, part))
                let minimum = minimumFactor * Float(SixBitScales.minimum(block + 4, part))
                let shift = UInt8(truncatingIfNeeded: 4 &* (part & 1))
                for half in 0..<2 {
                    let codes = (block.bytes16(16 &+ 32 &* (part >> 1) &+ 16 &* half) &>> shift) & 15
                    target.store(Lanes(codes: codes) * scale - minimum, index &* 256 &+ 32 &* part &+ 16 &* half)
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
            let block = target + index &* 144
            let offset = index &* 256
            if superblock.encode(row + offset, importance: importance.map { $0 + offset }, policy: policy, &room) != nil
            {
                Self.store(room, into: block)
            } else {
                block.initializeMemory(as: UInt8.self, repeating: 0, count: 144)
            }
        }
    }

    private static func store(_ room: AffineSuperblock.Room, into block: UnsafeMutableRawPointer) {
        let codes = UnsafeRawPointer(room.codes)
        block.storeHalf(room.factor, 0)
        block.storeHalf(room.minimumFactor, 2)
        SixBitScales.store(room.scales, room.minima, into: block + 4)
        for group in 0..<8 {
            let start = 64 &* (group >> 1) &+ 16 &* (group & 1)
            let packed = codes.bytes16(start) | codes.bytes16(start &+ 32) &<< 4
            block.storeBytes(of: packed, toByteOffset: 16 &+ 16 &* group, as: SIMD16<UInt8>.self)
        }
    }
}
