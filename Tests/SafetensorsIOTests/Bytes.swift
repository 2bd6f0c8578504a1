import Foundation
import SafetensorsIO
import Tensors

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
