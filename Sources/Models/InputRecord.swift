import Files
import GGUF

/// A file that a result was made from beside the model, as the result says it: `KIND SHA256 NAME`.
package struct InputRecord: Sendable, Equatable {
    /// What the file is: `importance`, `text` or `metadata`.
    package let kind: String
    /// SHA-256 in hexadecimal.
    package let digest: String
    /// The name of the file, or what reports call it.
    package let name: String

    /// A file with this digest.
    package init(_ kind: String, digest: String, name: String) {
        self.kind = kind
        self.digest = digest
        self.name = name
    }

    /// Digests a file.
    ///
    /// - Throws: `FileError` if it cannot be read.
    package init(_ kind: String, file path: String) throws {
        self.init(kind, digest: try WeightDigest.sha256(ofFile: path), name: Provenance.lastComponent(path))
    }

    fileprivate var line: String { "\(kind) \(digest) \(name)" }
}

extension GGUFMetadata {
    private static let inputsKey: ByteString = "swage.inputs"

    /// Says what a file was made from, after what it says already.
    package mutating func describe(inputs: [InputRecord]) {
        guard !inputs.isEmpty else { return }
        let known = strings(Self.inputsKey) ?? []
        self[Self.inputsKey] = .array(.string(known + inputs.map { ByteString($0.line) }))
    }

    /// Keeps what it says of inputs of one kind alone.
    package mutating func keepInputs(ofKind kind: String) {
        guard let known = strings(Self.inputsKey) else { return }
        let kept = known.filter { $0.bytes.starts(with: "\(kind) ".utf8) }
        self[Self.inputsKey] = kept.isEmpty ? nil : .array(.string(kept))
    }
}
