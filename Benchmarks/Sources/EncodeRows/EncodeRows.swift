import BlockFormats
import Foundation
import Tensors

/// Encodes and decodes a file of raw float32 rows on one thread, and prints the times.
///
/// EncodeRows TYPE ROW-LENGTH ROWS.f32 IMPORTANCE.f32|- BLOCKS.out VALUES.out
@main
struct EncodeRows {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 7, let type = TensorType(name: arguments[1]),
            let codec = BlockFormats.codec(for: type), let length = Int(arguments[2])
        else { throw Usage() }
        let rows = try floats(arguments[3])
        let importance = arguments[4] == "-" ? nil : try floats(arguments[4])
        let rowBytes = length / type.blockLength * type.blockByteCount
        let count = rows.count / length
        var blocks = [UInt8](repeating: 0, count: rowBytes * count)
        var values = [Float](repeating: 0, count: length * count)
        let scratch = EncodingScratch()

        func encode() {
            blocks.withUnsafeMutableBytes { target in
                rows.withUnsafeBufferPointer { rows in
                    for row in 0..<count {
                        let source = rows.baseAddress! + row * length
                        let place = target.baseAddress! + row * rowBytes
                        if let importance {
                            codec.encode(source, count: length, importance: importance, into: place, scratch: scratch)
                        } else {
                            codec.encode(source, count: length, importance: nil, into: place, scratch: scratch)
                        }
                    }
                }
            }
        }
        func decode() {
            blocks.withUnsafeBytes { source in
                values.withUnsafeMutableBufferPointer { target in
                    codec.decode(source.baseAddress!, count: target.count, into: target.baseAddress!)
                }
            }
        }
        let encoding = (0..<3).map { _ in processorTime(encode) }.min()!
        let decoding = (0..<5).map { _ in processorTime(decode) }.min()!
        print(encoding, decoding)
        try Data(blocks).write(to: URL(filePath: arguments[5]))
        try values.withUnsafeBytes { try Data($0).write(to: URL(filePath: arguments[6])) }
    }

    /// Seconds of this thread's processor time that some work takes.
    static func processorTime(_ work: () -> Void) -> Double {
        var start = timespec()
        var end = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
        work()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
        return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) / 1e9
    }

    struct Usage: Error {}

    static func floats(_ path: String) throws -> [Float] {
        let data = try Data(contentsOf: URL(filePath: path))
        return data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }
}
