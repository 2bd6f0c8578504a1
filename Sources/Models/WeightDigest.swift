import Checkpoints
import Digests
import Files
import Parallelism
import Synchronization

/// The digest of a checkpoint's weights, which does not depend on the files that hold them.
///
/// SHA-256 of a text with a line for each stored tensor that the model uses, by the bytes of their names:
///
///     SHA256 TYPE SHAPE NAME
///
/// `SHA256` is that of the tensor's elements (the last dimension fastest, little-endian) in hexadecimal, `TYPE` as
/// safetensors spells it, `SHAPE` as in `[4096,256]`, slowest dimension first. Lines end in a line feed.
package enum WeightDigest {
    /// Small enough to be hashed from the cache that reading leaves it in.
    private static let chunkByteCount = 1 << 18

    /// - Returns: 64 hexadecimal digits.
    package static func sha256(
        of content: CheckpointContent, parallel: Parallel, progress: @escaping @Sendable (Double) -> Void
    ) throws -> String {
        sha256(
            ofLines: try lines(of: content, content.tensors.indices, parallel: parallel, progress: progress))
    }

    /// - Parameter lines: Those of all tensors in order, without line feeds.
    package static func sha256(ofLines lines: [String]) -> String {
        SHA256.hexadecimal(of: Array(lines.map { $0 + "\n" }.joined().utf8))
    }

    /// The lines of some of a checkpoint's tensors, without line feeds.
    package static func lines(
        of content: CheckpointContent, _ range: Range<Int>, parallel: Parallel,
        progress: @escaping @Sendable (Double) -> Void
    ) throws -> [String] {
        let meter = FractionMeter(total: content.tensors[range].reduce(0) { $0 + $1.byteCount }, progress)
        let lines = Mutex([String](repeating: "", count: range.count))
        try parallel.forEach(range.count) { index, _ in
            let tensor = content.tensors[range.lowerBound + index]
            let sum = try sha256(byteCount: tensor.byteCount) { range, chunk in
                try content.read(tensor, byteRange: range, into: chunk)
                meter.add(range.count)
            }
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            lines.withLock { $0[index] = "\(sum) \(tensor.type) [\(shape)] \(tensor.name)" }
        }
        return lines.withLock { $0 }
    }

    /// The digest of a file's bytes.
    static func sha256(ofFile path: String) throws -> String { try sha256(of: ReadableFile(path: path), from: 0) }

    /// The digest of a file's bytes from an offset on.
    package static func sha256(of file: ReadableFile, from start: Int) throws -> String {
        try sha256(of: file, start..<file.byteCount)
    }

    /// The digest of a range of a file's bytes.
    package static func sha256(of file: ReadableFile, _ bytes: Range<Int>) throws -> String {
        try sha256(byteCount: bytes.count) { range, chunk in
            try file.read(at: bytes.lowerBound + range.lowerBound, into: chunk)
        }
    }

    /// - Parameter read: fills the buffer with the bytes of a range.
    private static func sha256(
        byteCount: Int, _ read: (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void
    ) throws -> String {
        let chunk = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, min(chunkByteCount, byteCount)), alignment: 64)
        defer { chunk.deallocate() }
        var hash = SHA256()
        for start in stride(from: 0, to: byteCount, by: chunkByteCount) {
            let range = start..<min(byteCount, start + chunkByteCount)
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<range.count])
            try read(range, part)
            hash.update(UnsafeRawBufferPointer(part))
        }
        return hash.hexadecimal
    }
}
