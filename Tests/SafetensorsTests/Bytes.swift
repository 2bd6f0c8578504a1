import Foundation
import Safetensors
import Tensors

extension SafetensorsFile {
    func bytes(of tensor: Tensor, _ range: Range<Int>) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withUnsafeMutableBytes { try read(tensor, byteRange: range, into: $0) }
        return bytes
    }
}

extension Float {
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: bitPattern.littleEndian) { Array($0) } }
}

extension BFloat16 {
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: bitPattern.littleEndian) { Array($0) } }
}

extension [UInt8] {
    /// A file with this header and `count` bytes of data.
    static func safetensors(_ header: String, data count: Int) -> [UInt8] {
        let text = Array(header.utf8)
        return Swift.withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
            + [UInt8](repeating: 1, count: count)
    }

    func write(to path: String) throws { try Data(self).write(to: URL(filePath: path)) }
}
