import Files
import FoundationEssentials
import GGUF

extension PartedOutput {
    /// Gives the files of this set other names, under which the first says where the model comes from.
    ///
    /// The files keep the names that they have too, where the file system lets a file have two; else they are copied.
    ///
    /// - Parameters:
    ///   - files: The files of this set, in order.
    ///   - output: A name whose `.gguf` is replaced by the parts' numbers.
    ///   - metadata: The whole model's, of the same lengths as before.
    ///   - inputs: Files that must not be replaced.
    ///   - replacesOthers: Whether files that have the names already are replaced; else they are an error.
    /// - Returns: the new names.
    func take(
        _ files: [String], to output: String, metadata: GGUFMetadata, inputs: [String], replacesOthers: Bool,
        _ outline: PartedOutline
    ) throws -> [String] {
        let paths = try outline.parts(output).paths
        for path in paths {
            try OutputFile.check(path, inputs: inputs + files)
            guard replacesOthers || FileIdentity(path: path) == nil else { throw PartIsOther(path: path) }
        }
        for (file, path) in zip(files, paths).dropFirst() {
            try? FileManager.default.removeItem(atPath: path)
            do {
                try FileManager.default.linkItem(atPath: file, toPath: path)
            } catch {
                try Self.copy(file, to: path)
            }
        }
        try Self.copy(files[0], to: paths[0], header: describedHeader(of: files[0], metadata, outline))
        return paths
    }

    /// Copies a file, with another beginning of the same length.
    private static func copy(_ file: String, to path: String, header: [UInt8] = []) throws {
        let source = try ReadableFile(path: file)
        var target = try AtomicFile(path: path, expectedByteCount: source.byteCount)
        try target.append(header)
        let pieceByteCount = 1 << 20
        for start in stride(from: header.count, to: source.byteCount, by: pieceByteCount) {
            try target.append(try source.bytes(start..<min(source.byteCount, start + pieceByteCount)))
        }
        try target.commit()
    }
}
