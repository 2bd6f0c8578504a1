import Platform
import Tensors

extension CheckpointWeights {
    /// Bytes that are compared or widened at a time.
    private static let chunkByteCount = 1 << 20

    /// The type that holds all values of tensors of these types: the only one, or F32.
    static func commonType(of types: [TensorType]) -> TensorType {
        types.allSatisfy { $0 == types[0] } ? types[0] : .f32
    }

    /// Reads some elements of a tensor of weights as its own type or, if that is another, F16 or BF16 as F32.
    func read(
        _ entry: Entry, elements: Range<Int>, as type: TensorType, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let own = try weightDescriptor(of: entry).type
        let size = own.blockByteCount
        guard own != type else {
            return try read(entry, byteRange: elements.lowerBound * size..<elements.upperBound * size, into: buffer)
        }
        precondition(type == .f32 && (own == .f16 || own == .bf16) && buffer.count == 4 * elements.count)
        let length = min(elements.count, Self.chunkByteCount / size)
        try withUnsafeTemporaryAllocation(byteCount: length * size, alignment: 64) { chunk in
            var position = elements.lowerBound
            while position < elements.upperBound {
                let count = min(length, elements.upperBound - position)
                let bytes = UnsafeMutableRawBufferPointer(rebasing: chunk[..<(count * size)])
                try read(entry, byteRange: position * size..<(position + count) * size, into: bytes)
                NumberConversion.widen(
                    UnsafeRawBufferPointer(bytes), of: own,
                    into: buffer.baseAddress! + 4 * (position - elements.lowerBound))
                position += count
            }
        }
    }

    /// Whether two tensors of weights have one shape and the same values, whatever types they are stored in.
    func holdSameValues(_ a: Entry, _ b: Entry) throws -> Bool {
        guard a.shape == b.shape else { return false }
        let descriptor = try weightDescriptor(of: a)
        let type = Self.commonType(of: [descriptor.type, try weightDescriptor(of: b).type])
        let (size, count) = (type.blockByteCount, descriptor.shape.elementCount)
        let room = [UInt8](repeating: 0, count: min(Self.chunkByteCount, count * size))
        var buffers = [room, room]
        var position = 0
        while position < count {
            let end = min(count, position + buffers[0].count / size)
            let byteCount = (end - position) * size
            for (number, entry) in [a, b].enumerated() {
                try buffers[number].withUnsafeMutableBytes {
                    try read(
                        entry, elements: position..<end, as: type,
                        into: UnsafeMutableRawBufferPointer(rebasing: $0[..<byteCount]))
                }
            }
            guard memcmp(buffers[0], buffers[1], byteCount) == 0 else { return false }
            position = end
        }
        return true
    }
}
