import CSIMD
import TensorCore

/// Walks a row of 32-element blocks in stretches of up to eight blocks, whose elements share a mean square.
@inline(__always)
private func forEachBlock(
    of row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?, policy: EncodingPolicy,
    blockByteCount: Int, into target: UnsafeMutableRawPointer, scratch: EncodingScratch,
    _ encode: (
        _ elements: PreparedElements, _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
        _ block: UnsafeMutableRawPointer
    ) -> Void
) {
    let room = scratch.floats(512)
    for start in stride(from: 0, to: count, by: 256) {
        let length = min(256, count &- start)
        let blocks = target + start / 32 &* blockByteCount
        guard
            let elements = PreparedElements(
                row + start, count: length, importance: importance.map { $0 + start }, policy: policy, values: room,
                weights: room + 256
            )
        else {
            blocks.initializeMemory(as: UInt8.self, repeating: 0, count: length / 32 &* blockByteCount)
            continue
        }
        for block in 0..<length / 32 {
            let values = elements.values + 32 &* block
            let weights = elements.weights + 32 &* block
            encode(elements, values, weights, blocks + block &* blockByteCount)
        }
    }
}

/// Factors around one, for a last choice among neighbouring scales that half precision holds.
private let neighbours = (Lanes.ramp - 7) * 0.002 + 1

extension ScaleSearch {
    /// Encodes one block of 32 elements: the best scale that half precision holds, and codes.
    @inline(__always)
    fileprivate func encodeBlock(
        _ elements: PreparedElements, _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
        codes: UnsafeMutablePointer<UInt8>
    ) -> Float {
        let scale = bestScale(values, weights, count: 32)
        let scales = elements.storable(neighbours * scale)
        let best = scales[errors(values, weights, count: 32, scales: scales).indexOfLeast]
        storeCodes(values, count: 32, scale: best, into: codes)
        return best * elements.unit
    }
}

extension AffineSearch {
    /// Encodes one block of 32 elements: the best scale and minimum that half precision holds, and codes.
    @inline(__always)
    fileprivate func encodeBlock(
        _ elements: PreparedElements, _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
        codes: UnsafeMutablePointer<UInt8>
    ) -> (scale: Float, minimum: Float) {
        let fit = bestFit(values, weights, count: 32)
        let scales = elements.storable(neighbours * fit.scale)
        // A wider step leaves the middle of the range where it is.
        let minima = elements.storable((Lanes(repeating: fit.scale) - scales) * (highest / 2) + fit.minimum)
        let lane = errors(values, weights, count: 32, scales: scales, minima: minima).indexOfLeast
        storeCodes(values, count: 32, scale: scales[lane], minimum: minima[lane], into: codes)
        return (scales[lane] * elements.unit, minima[lane] * elements.unit)
    }
}

extension UnsafeMutableRawPointer {
    /// Stores the low four bits of 32 codes as the formats of this file have them.
    @inline(__always)
    fileprivate func storeNibbles(_ codes: UnsafePointer<UInt8>, _ offset: Int) {
        let raw = UnsafeRawPointer(codes)
        let packed = raw.bytes16(0) & 15 | raw.bytes16(16) &<< 4
        storeBytes(of: packed, toByteOffset: offset, as: SIMD16<UInt8>.self)
    }

    /// Stores the fifth bits of 32 codes.
    @inline(__always)
    fileprivate func storeFifthBits(_ codes: UnsafePointer<UInt8>, _ offset: Int) {
        let raw = UnsafeRawPointer(codes)
        let bits = FifthBits.gather(raw.bytes16(0)) | FifthBits.gather(raw.bytes16(16)) << 16
        storeBytes(of: bits, toByteOffset: offset, as: UInt32.self)
    }
}

extension Q4_0Codec {
    private static let search = ScaleSearch(grid: IntegerGrid(lowest: -8, highest: 7), span: 0.92...1.52)

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let search = Self.search
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { room in
            let codes = room.baseAddress!
            forEachBlock(
                of: row, count: count, importance: importance, policy: policy, blockByteCount: 18, into: target,
                scratch: scratch
            ) { elements, values, weights, block in
                let scale = search.encodeBlock(elements, values, weights, codes: codes)
                block.storeHalf(scale, 0)
                block.storeNibbles(codes, 2)
            }
        }
    }
}

extension Q5_0Codec {
    private static let search = ScaleSearch(grid: IntegerGrid(lowest: -16, highest: 15), span: 0.96...1.26)

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let search = Self.search
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { room in
            let codes = room.baseAddress!
            forEachBlock(
                of: row, count: count, importance: importance, policy: policy, blockByteCount: 22, into: target,
                scratch: scratch
            ) { elements, values, weights, block in
                let scale = search.encodeBlock(elements, values, weights, codes: codes)
                block.storeHalf(scale, 0)
                block.storeFifthBits(codes, 2)
                block.storeNibbles(codes, 6)
            }
        }
    }
}

extension IQ4NLCodec {
    private static let search = ScaleSearch(grid: grid, span: 0.9...1.5)

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let search = Self.search
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { room in
            let codes = room.baseAddress!
            forEachBlock(
                of: row, count: count, importance: importance, policy: policy, blockByteCount: 18, into: target,
                scratch: scratch
            ) { elements, values, weights, block in
                let scale = search.encodeBlock(elements, values, weights, codes: codes)
                block.storeHalf(scale, 0)
                block.storeNibbles(codes, 2)
            }
        }
    }
}

extension Q4_1Codec {
    private static let search = AffineSearch(
        highest: 15, minimumIsNeverPositive: false, clips: SIMD4(-0.01, 0.02, 0.06, 0.12))

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let search = Self.search
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { room in
            let codes = room.baseAddress!
            forEachBlock(
                of: row, count: count, importance: importance, policy: policy, blockByteCount: 20, into: target,
                scratch: scratch
            ) { elements, values, weights, block in
                let fit = search.encodeBlock(elements, values, weights, codes: codes)
                block.storeHalf(fit.scale, 0)
                block.storeHalf(fit.minimum, 2)
                block.storeNibbles(codes, 4)
            }
        }
    }
}

extension Q5_1Codec {
    private static let search = AffineSearch(
        highest: 31, minimumIsNeverPositive: false, clips: SIMD4(-0.005, 0.01, 0.03, 0.07))

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let search = Self.search
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { room in
            let codes = room.baseAddress!
            forEachBlock(
                of: row, count: count, importance: importance, policy: policy, blockByteCount: 24, into: target,
                scratch: scratch
            ) { elements, values, weights, block in
                let fit = search.encodeBlock(elements, values, weights, codes: codes)
                block.storeHalf(fit.scale, 0)
                block.storeHalf(fit.minimum, 2)
                block.storeFifthBits(codes, 4)
                block.storeNibbles(codes, 8)
            }
        }
    }
}

extension Q8_0Codec {
    /// Rounds to the scale that just covers the block: at 8 bits, clipping or weighing gains nothing that can be measured.
    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        for index in 0..<count / 32 {
            let block = target + index &* 34
            let first = row.lanes(index &* 32)
            let second = row.lanes(index &* 32 &+ 16)
            let greatest = csimd_maximum(csimd_maximum(first, -first), csimd_maximum(second, -second))
            let finite = csimd_minimum(greatest, Lanes(repeating: .greatestFiniteMagnitude))
            let scale = Float(Float16(min(-csimd_least(-finite) / 127, 65504)))
            let inverse = scale > 0 ? 1 / scale : 0
            block.storeHalf(scale, 0)
            block.storeBytes(of: Self.codes(first * inverse), toByteOffset: 2, as: SIMD16<UInt8>.self)
            block.storeBytes(of: Self.codes(second * inverse), toByteOffset: 18, as: SIMD16<UInt8>.self)
        }
    }

    @inline(__always)
    private static func codes(_ lanes: Lanes) -> SIMD16<UInt8> {
        let limit = Lanes(repeating: 127)
        return csimd_to_bytes(csimd_minimum(csimd_maximum(csimd_round(lanes), -limit), limit))
    }
}
