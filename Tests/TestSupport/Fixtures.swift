import Compression
import Files
import Foundation

/// Paths of the files under `Fixtures/`, and room for temporary ones.
public enum Fixtures {
    /// The repository's root.
    public static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The path of a file or folder under `Fixtures/`.
    public static func path(_ relative: String) -> String {
        root.appending(path: "Fixtures").appending(path: relative).path
    }

    /// Runs `body` with the path of a fresh folder that is removed afterwards.
    public static func withTemporaryDirectory<R>(_ body: (String) throws -> R) throws -> R {
        let directory = FileManager.default.temporaryDirectory.appending(path: "swage-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        return try body(directory.path)
    }

    /// The decompressed bytes of a `.zst` file under `Fixtures/`.
    public static func decompressed(_ relative: String) throws -> [UInt8] {
        try Zstandard.decompress(ReadableFile.contents(of: path(relative)), limit: 1 << 28)
    }
}
