import CSIMD
import TensorCore

/// Q6_K: 256 elements share a half-precision factor; every 16 have a signed scale of 8 bits; codes from −32 to 31.
///
/// Layout (210 bytes), per 128 elements: 64 bytes with the low 4 bits of elements 0…63 in their low and of 64…127 in their
/// high nibbles; then 32 bytes per 128 with the upper 2 bits, quarter i in bits 2 i and 2 i + 1; 16 scales; the factor.
/// value = factor · scale · code.
struct Q6KCodec: QuantizingCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .q6_K }
    var requiresImportance: Bool { false }

    private static let search = ScaleSearch(grid: IntegerGrid(lowest: -32, highest: 31), span: 0.97...1.12)

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count / 256 {
            let block = source + index &* 210
            let factor = block.half(208)
            for part in 0..<16 {
                let scale = factor * Float(Int8(bitPattern: block.byte(192 &+ part)))
                // Sixteen elements: half of a quarter of one of the two 128s.
                let upper = part >> 3
                let quarter = (part & 7) >> 1
                let half = 16 &* (part & 1)
                let lowShift = UInt8(truncatingIfNeeded: 4 &* (quarter >> 1))
                let highShift = UInt8(truncatingIfNeeded: 2 &* quarter)
                let low = (block.bytes16(64 &* upper &+ 32 &* (quarter & 1) &+ half) &>> lowShift) & 15
                let high = (block.bytes16(128 &+ 32 &* upper &+ half) &>> highShift) & 3
                target.store((Lanes(codes: low | high &<< 4) - 32) * scale, index &* 256 &+ 16 &* part)
            }
        }
    }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let room = scratch.floats(512 + 16 + 64)
        let codes = UnsafeMutableRawPointer(room + 528).bindMemory(to: UInt8.self, capacity: 256)
        for index in 0..<count / 256 {
            let block = target + index &* 210
            let offset = index &* 256
            if let elements = PreparedElements(
                row + offset, count: 256, importance: importance.map { $0 + offset }, policy: policy, values: room,
                weights: room + 256)
            {
                Self.encodeScales(elements, fitted: room + 512, codes: codes, into: block)
                Self.storeCodes(codes, into: block)
            } else {
                block.initializeMemory(as: UInt8.self, repeating: 0, count: 210)
            }
        }
    }

    /// Chooses the factor that makes room for the greatest scale, then under it every part's scale, exactly, and codes.
    private static func encodeScales(
        _ elements: PreparedElements, fitted: UnsafeMutablePointer<Float>, codes: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutableRawPointer
    ) {
        let search = Self.search
        var greatest: Float = 0
        for part in 0..<16 {
            fitted[part] = search.bestScale(elements.values + 16 &* part, elements.weights + 16 &* part, count: 16)
            greatest = max(greatest, fitted[part].magnitude)
        }
        let factor = elements.storable(greatest / 127)
        block.storeHalf(factor * elements.unit, 208)
        for part in 0..<16 {
            let values = elements.values + 16 &* part
            let nearest = factor > 0 ? (fitted[part] / factor).rounded() : 0
            let limit = Lanes(repeating: 127)
            let scales = csimd_minimum(csimd_maximum(Lanes.ramp - 7 + nearest, -limit), limit)
            let errors = search.errors(values, elements.weights + 16 &* part, count: 16, scales: scales * factor)
            let scale = scales[errors.indexOfLeast]
            block.storeByte(Int32(scale), 192 &+ part)
            search.storeCodes(values, count: 16, scale: scale * factor, into: codes + 16 &* part)
        }
    }

    private static func storeCodes(_ codes: UnsafePointer<UInt8>, into block: UnsafeMutableRawPointer) {
        let codes = UnsafeRawPointer(codes)
        for group in 0..<4 {
            let start = 128 &* (group >> 1) &+ 16 &* (group & 1)
            let quarters = (
                codes.bytes16(start), codes.bytes16(start &+ 32), codes.bytes16(start &+ 64), codes.bytes16(start &+ 96)
            )
            let low = 64 &* (group >> 1) &+ 16 &* (group & 1)
            block.storeBytes(of: quarters.0 & 15 | quarters.2 &<< 4, toByteOffset: low, as: SIMD16<UInt8>.self)
            block.storeBytes(of: quarters.1 & 15 | quarters.3 &<< 4, toByteOffset: low &+ 32, as: SIMD16<UInt8>.self)
            let high = quarters.0 &>> 4 | (quarters.1 &>> 4) &<< 2 | (quarters.2 &>> 4) &<< 4 | (quarters.3 &>> 4) &<< 6
            block.storeBytes(of: high, toByteOffset: 128 &+ 16 &* group, as: SIMD16<UInt8>.self)
        }
    }
}
