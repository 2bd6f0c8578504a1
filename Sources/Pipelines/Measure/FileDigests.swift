import Files
import Models
import Parallelism

/// A file of a model, and what anyone can recognize it by.
public struct FileDigest: Sendable, Hashable {
    /// The name of the file without its folders.
    public let name: String
    /// The size of the file.
    public let byteCount: Int
    /// SHA-256 of the file's bytes in hexadecimal, as `sha256sum` prints it.
    public let sha256: String
}

extension Model {
    /// Digests the files that hold the weights; all of them are read.
    ///
    /// - Parameter compute: The threads that share the work, and who is told of its progress.
    /// - Throws: `FileError` if one cannot be read.
    public func fileDigests(_ compute: Compute) throws -> [FileDigest] {
        let opened = try files.map { try ReadableFile(path: $0) }
        compute.progress(.stage(.hashingWeights))
        let meter = FractionMeter(total: opened.reduce(0) { $0 + $1.byteCount }) { compute.progress(.fraction($0)) }
        let digests = ResultTable(repeating: "", count: opened.count)
        try compute.parallel.forEach(opened.count) { index, _ in
            digests[index] = try WeightDigest.sha256(of: opened[index], from: 0)
            meter.add(opened[index].byteCount)
        }
        return zip(files, zip(opened, digests.values)).map {
            FileDigest(name: Provenance.lastComponent($0), byteCount: $1.0.byteCount, sha256: $1.1)
        }
    }
}
