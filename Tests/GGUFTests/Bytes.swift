import Foundation
import GGUF
import Tensors

extension TensorSource {
    /// Encoded rows of a tensor.
    func rows(_ rows: Range<Int>, ofTensorAt index: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: rows.count * tensors[index].rowByteCount)
        try bytes.withUnsafeMutableBytes { try readRows(ofTensorAt: index, rows: rows, into: $0) }
        return bytes
    }
}

extension [UInt8] {
    /// The bytes as little-endian floats.
    var floats: [Float] {
        withUnsafeBytes { bytes in
            (0..<count / 4).map { Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
        }
    }

    func write(to path: String) throws { try Data(self).write(to: URL(filePath: path)) }
}

/// Spells out the bytes of a GGUF file, right or wrong.
struct GGUFBytes {
    var bytes: [UInt8] = []

    init(version: UInt32 = 3, tensors: UInt64 = 0, entries: UInt64 = 0) {
        bytes = Array("GGUF".utf8)
        add(version)
        add(tensors)
        add(entries)
    }

    mutating func add(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    mutating func add(_ text: String) { add(Array(text.utf8)) }

    /// A text with its length.
    mutating func add(_ text: [UInt8]) {
        add(UInt64(text.count))
        bytes += text
    }

    /// A key, a value type, and the bytes of the value.
    mutating func add(key: String, type: UInt32, value: [UInt8]) {
        add(key)
        add(type)
        bytes += value
    }

    mutating func add(tensor: String, dimensions: [UInt64], type: UInt32, offset: UInt64) {
        add(tensor)
        add(UInt32(dimensions.count))
        for dimension in dimensions { add(dimension) }
        add(type)
        add(offset)
    }

    /// Pads to 32 bytes and adds `count` bytes of data.
    mutating func addData(_ count: Int) {
        while bytes.count % 32 != 0 { bytes.append(0) }
        bytes += [UInt8](repeating: 1, count: count)
    }
}
