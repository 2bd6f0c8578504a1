import Files
import Tensors

/// One tensor of an open ``SafetensorsFile``: its entry in the header, and its elements.
///
/// A value may be used from any thread, and keeps its file open.
public struct SafetensorsTensor: Sendable {
    /// The tensor's name, element type, shape (slowest dimension first) and place in the file.
    public let descriptor: SafetensorsFile.Tensor
    private let file: SafetensorsFile

    init(_ file: SafetensorsFile, _ descriptor: SafetensorsFile.Tensor) {
        self.file = file
        self.descriptor = descriptor
    }

    /// The number of elements; 1 for a single number.
    public var elementCount: Int { 8 * descriptor.byteCount / descriptor.type.bitCount }

    /// Reads bytes of the elements, which are little-endian and stand row by row.
    ///
    /// - Parameter range: Counted from the tensor's first byte, within `0..<descriptor.byteCount`; nil for all.
    /// - Throws: `FileError` if the file cannot be read.
    public func bytes(_ range: Range<Int>? = nil) throws -> [UInt8] {
        let range = range ?? 0..<descriptor.byteCount
        return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            try file.read(descriptor, byteRange: range, into: UnsafeMutableRawBufferPointer(buffer))
            count = range.count
        }
    }

    /// Reads elements as single-precision numbers.
    ///
    /// F32, F16, BF16 and F8_E4M3 are exact; F64 is rounded to nearest, ties to even.
    ///
    /// - Parameter range: Counted over all dimensions, the last one fastest, within `0..<elementCount`; nil for all.
    /// - Throws: ``SafetensorsError`` if the elements are of another type, `FileError` if the file cannot be read.
    public func floats(_ range: Range<Int>? = nil) throws -> [Float] {
        guard let value = Self.decoder(descriptor.type) else {
            throw SafetensorsError(.notFloats(descriptor.type), path: file.path, place: .tensor(descriptor.name))
        }
        let range = range ?? 0..<elementCount
        let size = descriptor.type.bitCount / 8
        return try bytes(range.lowerBound * size..<range.upperBound * size).withUnsafeBytes { bytes in
            (0..<range.count).map { value(bytes, $0 * size) }
        }
    }

    /// What makes a number of the bytes at an offset; nil for types that it is not made of.
    private static func decoder(_ type: SafetensorsType) -> ((UnsafeRawBufferPointer, Int) -> Float)? {
        func pattern<T: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _: T.Type) -> T {
            T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
        }
        return switch type {
        case .f64: { Float(Double(bitPattern: pattern($0, $1, UInt64.self))) }
        case .f32: { Float(bitPattern: pattern($0, $1, UInt32.self)) }
        case .f16: { Float(Float16(bitPattern: pattern($0, $1, UInt16.self))) }
        case .bf16: { BFloat16(bitPattern: pattern($0, $1, UInt16.self)).floatValue }
        case .f8_E4M3: { Float8E4M3(bitPattern: $0[$1]).floatValue }
        default: nil
        }
    }
}

extension SafetensorsFile {
    /// The tensor of a name, to be read in whole or in part.
    ///
    /// - Returns: nil if the file has no tensor of that name.
    public func tensor(named name: String) -> SafetensorsTensor? {
        index(ofTensor: name).map { SafetensorsTensor(self, tensors[$0]) }
    }
}
