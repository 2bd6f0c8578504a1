import Crypto
import GGUFContainer
import Synchronization
import TensorCore

/// What a file says about where it came from.
enum Provenance {
    /// SHA-256 of each file, in hexadecimal; files in parallel.
    static func hashes(
        of paths: [String], parallel: Parallel, progress: @escaping @Sendable (Double) -> Void
    ) throws -> [String] {
        let files = try paths.map { try ReadableFile(path: $0) }
        let meter = FractionMeter(total: files.reduce(0) { $0 + $1.byteCount }, progress)
        let results = Mutex([String](repeating: "", count: files.count))
        try parallel.forEach(files.count) { index, _ in
            let sum = try hash(of: files[index]) { meter.add($0) }
            results.withLock { $0[index] = sum }
        }
        return results.withLock { $0 }
    }

    private static func hash(of file: ReadableFile, progress: (Int) -> Void) throws -> String {
        // Small enough to be hashed from the cache that reading leaves it in.
        let chunkLength = 1 << 18
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkLength, alignment: 64)
        defer { chunk.deallocate() }
        var hash = SHA256()
        var offset = 0
        while offset < file.byteCount {
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunkLength, file.byteCount - offset)])
            try file.read(at: offset, into: part)
            hash.update(bufferPointer: UnsafeRawBufferPointer(part))
            offset += part.count
            progress(part.count)
        }
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Adds the source files of a checkpoint and its padding. `swage.source.*` are the only keys in which the files made
    /// of one checkpoint differ when it is saved in different containers.
    static func describe(
        _ model: Model, in metadata: inout GGUFMetadata, parallel: Parallel, progress: @escaping ProgressHandler
    ) throws {
        var sums: [String] = []
        if model.checkpoint != nil, !model.files.isEmpty {
            progress(.stage("hashing the source files"))
            sums = try hashes(of: model.files, parallel: parallel) { progress(.fraction($0)) }
        }
        describe(model, sums: sums, in: &metadata)
    }

    /// The same without reading the files: what it adds has the length of what ``describe(_:in:parallel:progress:)`` adds.
    static func describeInLength(_ model: Model, in metadata: inout GGUFMetadata) {
        let sum = String(repeating: "0", count: 2 * SHA256.byteCount)
        describe(model, sums: model.files.map { _ in sum }, in: &metadata)
    }

    private static func describe(_ model: Model, sums: [String], in metadata: inout GGUFMetadata) {
        metadata["swage.version"] = .string(ByteString(SwageVersion.current))
        guard let checkpoint = model.checkpoint, !model.files.isEmpty else { return }
        metadata["swage.source.files"] = .array(.string(model.files.map { ByteString(lastComponent($0)) }))
        metadata["swage.source.sha256"] = .array(.string(sums.map { ByteString($0) }))
        if let stored = checkpoint.storedPlan.experts, let padded = checkpoint.plan.experts {
            metadata["swage.experts.stored_length"] = .uint32(UInt32(stored.length))
            metadata["swage.experts.padded_length"] = .uint32(UInt32(padded.length))
        }
    }

    static func lastComponent(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
