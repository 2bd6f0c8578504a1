import GGUF

extension GGUFMetadata {
    private static let versionKey: ByteString = "swage.version"
    private static let inputsKey: ByteString = "swage.inputs"
    private static let optionsKey: ByteString = "swage.options"

    /// The manifest that a file has under `swage.version`, `swage.inputs` and `swage.options`; nil if it names no version.
    public var manifest: Manifest? {
        guard let version = string(Self.versionKey) else { return nil }
        let options = (strings(Self.optionsKey) ?? []).compactMap { line -> (String, String)? in
            let parts = line.description.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        return Manifest(
            version: version, inputs: inputs, options: Dictionary(options) { first, _ in first })
    }

    /// What a file says that it was made from, a line `KIND SHA256 NAME` each.
    private var inputs: [InputRecord] {
        (strings(Self.inputsKey) ?? []).compactMap { InputRecord(line: $0.description) }
    }

    /// Adds a manifest: its version, and its inputs and options if there are any, an array of texts each.
    ///
    /// - Parameter manifest: The making of the file.
    public mutating func describe(_ manifest: Manifest) {
        describe(version: manifest.version)
        describe(inputs: manifest.inputs)
        guard !manifest.options.isEmpty else { return }
        let options = manifest.options.sorted { $0.key < $1.key }.map { ByteString("\($0.key)=\($0.value)") }
        self[Self.optionsKey] = .array(.string(options))
    }

    /// Says which version of Swage writes a file.
    package mutating func describe(version: String) { self[Self.versionKey] = .string(ByteString(version)) }

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
