import Digests
import Files
import GGUF
import Models
import Parallelism
import Tensors

/// SHA-256 of the weights of a GGUF: of each tensor, and of all of them together.
///
/// Only the bytes of tensors count, so that splitting, merging and edits of metadata change nothing. They are what
/// `gguf-hash --sha256` of llama.cpp computes.
public struct ModelHash: Sendable, Equatable {
    /// A tensor and the digest of its bytes, in lower-case hexadecimal.
    public struct Tensor: Sendable, Equatable {
        /// The name in the file.
        public let name: String
        /// 64 digits.
        public let sha256: String
    }

    /// In the order of the file.
    public let tensors: [Tensor]
    /// The digest of all tensors' bytes in the order of the file, without what lies between them.
    public let sha256: String
    /// The digest of what the tensors are, in whatever order: of a line `SHA256 TYPE SHAPE NAME` for each, as in
    /// `9f2c… Q4_K [4096,256] output.weight`, the slowest dimension first, sorted by the bytes of their names.
    public let weights: String

    /// Small enough to be hashed from the cache that reading leaves it in.
    private static let chunkByteCount = 1 << 18

    /// Reads every tensor twice, for its own digest and for that of all; the latter is the work of one thread.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - parallel: The threads that hash tensors.
    ///   - progress: Is told the share of the bytes that has been hashed, from any thread.
    /// - Throws: `FileError` if a file cannot be read.
    public init(
        of file: GGUFFile, parallel: Parallel = Parallel(),
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws {
        let files = try file.parts.map { try ReadableFile(path: $0.path) }
        let meter = FractionMeter(total: 2 * file.tensors.reduce(0) { $0 + $1.byteCount }, progress)
        let digests = ResultTable(repeating: "", count: file.tensors.count + 1)
        // The whole takes longest, and is begun first.
        try parallel.forEach(digests.count) { piece, _ in
            var digest = SHA256()
            for index in piece == 0 ? file.tensors.indices : piece - 1..<piece {
                let location = file.location(ofTensorAt: index)
                try Self.update(
                    &digest, with: files[location.part], from: location.fileOffset,
                    byteCount: file.tensors[index].byteCount, meter)
            }
            digests[piece] = digest.hexadecimal
        }
        sha256 = digests[0]
        tensors = file.tensors.indices.map { Tensor(name: file.tensors[$0].name, sha256: digests[$0 + 1]) }
        let lines = zip(file.tensors, tensors).sorted {
            $0.0.name.utf8.lexicographicallyPrecedes($1.0.name.utf8)
        }.map { tensor, hash in
            let shape = tensor.shape.dimensions.reversed().map(String.init).joined(separator: ",")
            return "\(hash.sha256) \(tensor.type.name) [\(shape)] \(tensor.name)\n"
        }
        weights = SHA256.hexadecimal(of: Array(lines.joined().utf8))
    }

    private static func update(
        _ digest: inout SHA256, with file: ReadableFile, from start: Int, byteCount: Int, _ meter: FractionMeter
    ) throws {
        try withUnsafeTemporaryAllocation(byteCount: min(chunkByteCount, byteCount), alignment: 64) { chunk in
            for offset in stride(from: 0, to: byteCount, by: chunkByteCount) {
                let part = UnsafeMutableRawBufferPointer(
                    rebasing: chunk[..<min(chunkByteCount, byteCount - offset)])
                try file.read(at: start + offset, into: part)
                digest.update(UnsafeRawBufferPointer(part))
                meter.add(part.count)
            }
        }
    }
}
