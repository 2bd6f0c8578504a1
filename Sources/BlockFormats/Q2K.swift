import TensorCore

/// Q2_K: 256 elements share two half-precision factors; every 16 have a scale and a minimum of 4 bits; codes of 2 bits.
///
/// Layout (84 bytes): 16 bytes of scale and (upper half) minimum; 64 bytes of codes, of each 128 elements the 32-element
/// quarter i in bits 2 i and 2 i + 1; the factor of the scales, the factor of the minima.
/// value = factor · scale · code − factor of minima · minimum.
struct Q2KCodec: QuantizingCodec {
    var policy = EncodingPolicy(gainRestoration: 1)
    var type: TensorType { .q2_K }
    var requiresImportance: Bool { false }

    private static let superblock = AffineSuperblock(
        search: AffineSearch(highest: 3, minimumIsNeverPositive: true, clips: SIMD4(-0.05, 0.05, 0.15, 0.3)),
        partLength: 16, highestMultiple: 15, starts: 3)

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count / 256 {
            let block = source + index &* 84
            let factor = block.half(80)
            let minimumFactor = block.half(82)
            for part in 0..<16 {
                let header = block.byte(part)
                let scale = factor * Float(header & 15)
                let minimum = minimumFactor * Float(header >> 4)
                let shift = UInt8(truncatingIfNeeded: 2 &* ((part & 7) >> 1))
                let codes = (block.bytes16(16 &+ 32 &* (part >> 3) &+ 16 &* (part & 1)) &>> shift) & 3
                target.store(Lanes(codes: codes) * scale - minimum, index &* 256 &+ 16 &* part)
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
            let block = target + index &* 84
            let offset = index &* 256
            if let elements = superblock.encode(
                row + offset, importance: importance.map { $0 + offset }, policy: policy, &room)
            {
                Self.store(room, into: block)
                restoreGain(
                    block, scaleAt: 80, otherScaleAt: 82, elements, decoded: room.decoded)
            } else {
                block.initializeMemory(as: UInt8.self, repeating: 0, count: 84)
            }
        }
    }

    private static func store(_ room: AffineSuperblock.Room, into block: UnsafeMutableRawPointer) {
        let codes = UnsafeRawPointer(room.codes)
        for part in 0..<16 { block.storeByte(room.scales[part] | room.minima[part] << 4, part) }
        for group in 0..<4 {
            let start = 128 &* (group >> 1) &+ 16 &* (group & 1)
            let packed =
                codes.bytes16(start) | codes.bytes16(start &+ 32) &<< 2 | codes.bytes16(start &+ 64) &<< 4
                | codes.bytes16(start &+ 96) &<< 6
            block.storeBytes(of: packed, toByteOffset: 16 &+ 16 &* group, as: SIMD16<UInt8>.self)
        }
        block.storeHalf(room.factor, 80)
        block.storeHalf(room.minimumFactor, 82)
    }
}
