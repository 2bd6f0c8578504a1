/// The making of an output: the version of Swage that wrote it, its inputs by their digests, and the options that decide it.
///
/// Files of GGUF's form have it in their metadata (``GGUF/GGUFMetadata/describe(_:)``), JSON as an object: `version`; `inputs`,
/// each with its `kind`, `sha256` and `name`; `options`, texts by their names. It has no times, paths or names of machines:
/// the same inputs and options give the same manifest.
public struct Manifest: Sendable, Hashable, Codable {
    /// The version of Swage, as semantic versions are written.
    public var version: String
    /// The inputs, in the order in which they were named.
    public var inputs: [InputRecord]
    /// The options that decide the output, as texts, by their names, such as `context`.
    public var options: [String: String]

    /// A manifest of what is known.
    ///
    /// - Parameters:
    ///   - version: The version of Swage.
    ///   - inputs: The inputs, in the order in which they were named.
    ///   - options: The options that decide the output, by their names.
    public init(version: String, inputs: [InputRecord], options: [String: String] = [:]) {
        self.version = version
        self.inputs = inputs
        self.options = options
    }

    /// The manifest of an output that two others were added up to: the inputs of both, each once, and the options that both
    /// have.
    ///
    /// - Parameter other: The manifest of what is added.
    public func merged(with other: Manifest) -> Manifest {
        var merged = self
        merged.inputs += other.inputs.filter { !inputs.contains($0) }
        merged.options = options.filter { other.options[$0.key] == $0.value }
        return merged
    }
}

/// An input of an output, as the output names it.
public struct InputRecord: Sendable, Hashable, Codable {
    /// The part that the input has in the making, in a word: `model`, `reference`, `text`, `task`, `importance`, `hessian`,
    /// `metadata` and others; `importance.text` is a text that an input of the kind `importance` was made from.
    public let kind: String
    /// SHA-256 in hexadecimal: of a file's bytes, of what a text is when it is decompressed, of samples of a model's weights.
    public let digest: String
    /// The name of the file without its folders, or what reports call it.
    public let name: String

    private enum CodingKeys: String, CodingKey {
        case kind, name
        case digest = "sha256"
    }

    /// An input with this digest.
    ///
    /// - Parameters:
    ///   - kind: The part that the input has in the making, a word.
    ///   - digest: SHA-256 in hexadecimal.
    ///   - name: The name of the file without its folders, or what reports call it.
    public init(_ kind: String, digest: String, name: String) {
        self.kind = kind
        self.digest = digest
        self.name = name
    }

    /// Reads a line `KIND SHA256 NAME`; nil if it is none.
    init?(line: String) {
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { return nil }
        self.init(parts[0], digest: parts[1], name: parts[2])
    }

    /// `KIND SHA256 NAME`.
    var line: String { "\(kind) \(digest) \(name)" }

    /// The record as that of an input's own input: the kind `text` becomes `importance.text`.
    ///
    /// - Parameter kind: The kind of the input that was made from this one.
    public func beneath(_ kind: String) -> InputRecord {
        InputRecord("\(kind).\(self.kind)", digest: digest, name: name)
    }
}
