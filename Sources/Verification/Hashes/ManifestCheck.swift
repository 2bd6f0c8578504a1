/// What a manifest says of a model, and whether it is so.
public struct ManifestCheck: Sendable, Equatable {
    /// What became of a name.
    public enum Outcome: String, Sendable, Encodable {
        /// The digest is the manifest's.
        case same
        /// The digest is another one.
        case different
        /// The manifest has a tensor that the model lacks.
        case missing
        /// The model has a tensor that the manifest lacks, though it lists others.
        case unlisted
    }

    /// A tensor, or the model as a whole.
    public struct Result: Sendable, Equatable {
        /// The tensor's name; nil for all tensors together.
        public let tensor: String?
        /// What became of it.
        public let outcome: Outcome

        /// A tensor, or all of them, and what became of it.
        public init(tensor: String?, outcome: Outcome) {
            self.tensor = tensor
            self.outcome = outcome
        }
    }

    /// The tensors in the order of the file, then those that it lacks, then the whole if the manifest has it.
    public let results: [Result]

    /// Whether everything is as the manifest says.
    public var holds: Bool { results.allSatisfy { $0.outcome == .same } }

    /// Compares digests; the file may have been moved or renamed since the manifest was made, if it is the only one there.
    ///
    /// - Parameters:
    ///   - hash: The digests of the file.
    ///   - path: The path of the file that was hashed.
    ///   - manifest: What they should be.
    ///   - manifestPath: Named in errors.
    /// - Throws: ``HashManifestError`` if the manifest is of several files, and of none with this name.
    public init(
        _ hash: ModelHash, path: String, against manifest: HashManifest, manifestPath: String
    ) throws(HashManifestError) {
        let known = Set(hash.tensors.map(\.name))
        let lines = manifest.entries.map { entry in
            let (file, tensor) = Self.parts(of: entry.name, known: known)
            return (file: file, tensor: tensor, sha256: entry.sha256)
        }
        let files = Set(lines.map(\.file))
        let candidates = [path] + files.filter { Self.lastComponent($0) == Self.lastComponent(path) }.sorted()
        guard let file = candidates.first(where: files.contains) ?? (files.count == 1 ? files.first : nil) else {
            throw HashManifestError(.otherFiles, file: manifestPath)
        }
        let own = lines.filter { $0.file == file }
        let listed = Dictionary(
            own.compactMap { line in line.tensor.map { ($0, line.sha256) } }, uniquingKeysWith: { first, _ in first })
        var results: [Result] = []
        if !listed.isEmpty {
            results = hash.tensors.map { tensor in
                let digest = listed[tensor.name]
                return Result(
                    tensor: tensor.name,
                    outcome: digest == nil ? .unlisted : digest == tensor.sha256 ? .same : .different)
            }
            results += listed.keys.filter { !known.contains($0) }.sorted().map {
                Result(tensor: $0, outcome: .missing)
            }
        }
        if let whole = own.first(where: { $0.tensor == nil }) {
            results.append(Result(tensor: nil, outcome: whole.sha256 == hash.sha256 ? .same : .different))
        }
        self.results = results
    }

    /// The file and the tensor of a name. What stands behind the last colon is a tensor if the model has one of that name,
    /// or if it looks like no part of a path.
    private static func parts(of name: String, known: Set<String>) -> (file: String, tensor: String?) {
        guard let colon = name.lastIndex(of: ":") else { return (name, nil) }
        let tensor = String(name[name.index(after: colon)...])
        guard known.contains(tensor) || (!tensor.contains("/") && !tensor.hasSuffix(".gguf")) else {
            return (name, nil)
        }
        return (String(name[..<colon]), tensor)
    }

    private static func lastComponent(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }
}
