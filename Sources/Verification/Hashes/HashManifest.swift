import Digests
import Files

/// A text of digests, as `gguf-hash` of llama.cpp prints and checks it: on each line an algorithm, a digest and a name,
/// which is the file's path, or path and tensor with a colon between them.
///
///     sha256    9f2c…  model.gguf:output.weight
///     sha256    41a0…  model.gguf
///
/// Lines of other algorithms are passed over, by both.
public struct HashManifest: Sendable, Equatable {
    /// A line of SHA-256.
    public struct Entry: Sendable, Equatable {
        /// The digest as the manifest has it, in lower case.
        public let sha256: String
        /// The path, or path and tensor.
        public let name: String
    }

    /// The lines of SHA-256, in their order.
    public let entries: [Entry]

    /// Reads a manifest.
    ///
    /// - Throws: ``HashManifestError`` if the file has no line of SHA-256, `FileError` if it is too large or cannot be read.
    public init(contentsOf path: String) throws {
        let text = String(decoding: try ReadableFile.contents(of: path, limit: .manifest), as: UTF8.self)
        entries = text.split(whereSeparator: \.isNewline).compactMap(Self.entry)
        guard !entries.isEmpty else { throw HashManifestError(.noDigest, file: path) }
    }

    private static func entry(_ line: Substring) -> Entry? {
        let fields = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
        guard fields.count == 3, fields[0] == "sha256", fields[1].utf8.count == SHA256.hexadecimalLength,
            fields[1].allSatisfy(\.isHexDigit)
        else { return nil }
        let name = fields[2].drop { $0 == " " }
        // What a check of llama.cpp adds to its lines.
        let suffix = ["  -  Ok", "  -  Mismatch", "  -  Not Found"].first { name.hasSuffix($0) } ?? ""
        return Entry(sha256: fields[1].lowercased(), name: String(name.dropLast(suffix.count)))
    }

    /// The lines that `gguf-hash --sha256` prints of a model, and one of algorithm `weights` that it passes over.
    ///
    /// - Parameters:
    ///   - hash: The digests of the file.
    ///   - path: What the lines call the file.
    ///   - listsTensors: Whether each tensor has a line.
    public static func text(of hash: ModelHash, path: String, listsTensors: Bool = true) -> String {
        let tensors = listsTensors ? hash.tensors.map { line("sha256", $0.sha256, "\(path):\($0.name)") } : []
        return (tensors + [line("sha256", hash.sha256, path), line("weights", hash.weights, path)]).joined()
    }

    /// A line of a manifest, with its line feed.
    public static func line(_ algorithm: String, _ digest: String, _ name: String) -> String {
        let padding = String(repeating: " ", count: max(0, 8 - algorithm.utf8.count))
        return "\(algorithm)\(padding)  \(digest)  \(name)\n"
    }
}

/// A manifest that nothing can be checked with.
public struct HashManifestError: DiagnosticError, Equatable {
    /// What is wrong.
    public enum Kind: Sendable, Equatable {
        /// The file has no line of SHA-256.
        case noDigest
        /// The lines are of several files, and none of them is the one to be checked.
        case otherFiles
    }

    /// What is wrong.
    public let kind: Kind
    /// The path of the manifest.
    public let file: String

    init(_ kind: Kind, file: String) {
        self.kind = kind
        self.file = file
    }

    /// The error in words, and what to do.
    public var diagnostic: Diagnostic {
        switch kind {
        case .noDigest:
            Diagnostic(
                .input, file: file, "no line of SHA-256: \"sha256 DIGEST NAME\" expected",
                advice: "make the manifest anew, with digests of SHA-256")
        case .otherFiles:
            Diagnostic(
                .input, file: file, "digests of several files, none of which has this name",
                advice: "keep the lines of one file, or give the file the name that it has in the manifest")
        }
    }
}
