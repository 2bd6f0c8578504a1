import BlockFormats
import Tensors

/// Elements of a type that holds plain numbers, as values.
struct PlainNumbers {
    private let type: TensorType
    private let codec: any BlockCodec

    /// Elements that are decoded at a time.
    private static let pieceLength = 1 << 12
    /// The least number that rounds to an infinity in half precision.
    private static let float16Overflow: Float = 65520

    init(_ type: TensorType) {
        guard let codec = BlockFormats.codec(for: type), !type.isQuantized else {
            preconditionFailure("weights of checkpoints are plain numbers")
        }
        self.type = type
        self.codec = codec
    }

    /// The values of elements.
    func values(_ bytes: UnsafeRawPointer, count: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            if count > 0 { codec.decode(bytes, count: count, into: buffer.baseAddress!) }
            filled = count
        }
    }

    /// Stores values, each rounded to nearest, ties to even.
    func encode(_ values: [Float], into bytes: UnsafeMutableRawPointer) {
        values.withUnsafeBufferPointer {
            codec.encode($0.baseAddress!, count: values.count, importance: nil, into: bytes, scratch: EncodingScratch())
        }
    }

    /// Multiplies elements by a number.
    ///
    /// - Returns: a value that has become too large for the type; nil if none has.
    func scale(_ bytes: UnsafeMutableRawPointer, count: Int, by factor: Float) -> Float? {
        let limit: Float = type == .f16 ? Self.float16Overflow : .infinity
        let size = type.blockByteCount
        let scratch = EncodingScratch()
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: min(count, Self.pieceLength)) { values in
            var overflow: Float?
            for start in stride(from: 0, to: count, by: Self.pieceLength) {
                let length = min(Self.pieceLength, count - start)
                let (place, base) = (bytes + start * size, values.baseAddress!)
                codec.decode(place, count: length, into: base)
                var greatest: Float = 0
                for element in 0..<length {
                    base[element] *= factor
                    greatest = max(greatest, abs(base[element]))
                }
                // What was infinite before, or no number, is not the factor's fault.
                if greatest >= limit, (greatest / factor).isFinite, greatest / factor < limit { overflow = greatest }
                codec.encode(base, count: length, importance: nil, into: place, scratch: scratch)
            }
            return overflow
        }
    }
}
