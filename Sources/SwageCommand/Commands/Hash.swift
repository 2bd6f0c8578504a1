import ArgumentParser
import Files
import GGUF
import Pipelines
import Reporting
import Verification

struct Hash: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Prints the SHA-256 of each tensor and of all of them, as llama.cpp's gguf-hash does, or checks them.",
        usage: "swage hash <file> [--check <manifest>] [<options>]",
        discussion: """
            Only the weights count: splitting, merging and edits of metadata change no digest. What is printed is a manifest \
            for --check, here and in gguf-hash. The last line, which gguf-hash passes over, is a digest of the tensors' names, \
            types, shapes and digests in whatever order. With --check the exit code is 5 if something is not as the \
            manifest says.
            """,
        examples:
            "hash xverse.gguf > xverse.manifest",
        "hash xverse.gguf --check xverse.manifest")

    @Argument(help: "A GGUF file, or any part of a split one.")
    var file: InputPath

    @Option(name: .shortAndLong, help: ArgumentHelp("A manifest to check the file with.", valueName: "manifest"))
    var check: InputPath?

    @Flag(help: "Leave out the digests of single tensors.")
    var noLayer = false

    @OptionGroup(title: "Work") var work: ThreadOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard check == nil || !noLayer else {
            throw ValidationError("--no-layer: what is checked is what the manifest has")
        }
    }

    func run() throws {
        let manifest = try check.map { try HashManifest(contentsOf: $0.path) }
        let model = try GGUFFile(path: file.path)
        let compute = work.compute
        compute.progress(.stage(.hashingWeights))
        let hash = try ModelHash(of: model, parallel: compute.parallel) { compute.progress(.fraction($0)) }
        ProgressLine.clear()
        let result = try zip(check, manifest).map {
            try ManifestCheck(hash, path: file.path, against: $1, manifestPath: $0.path)
        }
        if terminal.json {
            try JSONOutput.print(HashSummary(hash, path: file.path, check: result, listsTensors: !noLayer))
        } else if let result {
            try StandardStream.output.write(DisplayText(lines: Self.text(of: result, hash, path: file.path)))
        } else {
            try StandardStream.output.write(
                DisplayText(lines: HashManifest.text(of: hash, path: file.path, listsTensors: !noLayer)))
        }
        guard let result, let first = result.results.first(where: { $0.outcome != .same }) else { return }
        throw CheckFailure(
            file: file.path, place: first.tensor ?? "all tensors",
            problem: "\(first.outcome.words) \(check?.path ?? "")")
    }

    private static func text(of check: ManifestCheck, _ hash: ModelHash, path: String) -> String {
        let digests = Dictionary(hash.tensors.map { ($0.name, $0.sha256) }, uniquingKeysWith: { first, _ in first })
        return check.results.map { result in
            let digest = result.tensor.map { digests[$0] ?? "-" } ?? hash.sha256
            let name = result.tensor.map { "\(path):\($0)" } ?? path
            return HashManifest.line("sha256", digest, "\(name)  -  \(result.outcome.label)")
        }.joined()
    }
}

/// Both values, if there are both.
private func zip<First, Second>(_ first: First?, _ second: Second?) -> (First, Second)? {
    guard let first, let second else { return nil }
    return (first, second)
}

extension ManifestCheck.Outcome {
    /// As gguf-hash prints it, where it does.
    fileprivate var label: String {
        switch self {
        case .same: "Ok"
        case .different: "Mismatch"
        case .missing: "Missing"
        case .unlisted: "Not Found"
        }
    }

    fileprivate var words: String {
        switch self {
        case .same: "as in"
        case .different: "the digest is not that of"
        case .missing: "the tensor is missing, it is in"
        case .unlisted: "the tensor is not in"
        }
    }
}

/// What `hash --json` prints.
private struct HashSummary: Encodable {
    let file: String
    let sha256: String
    let weights: String
    let tensors: [Tensor]?
    /// Whether everything is as the manifest says; nil without one.
    let holds: Bool?
    let results: [Result]?

    struct Tensor: Encodable {
        let name: String
        let sha256: String
    }

    struct Result: Encodable {
        /// nil for all tensors together.
        let tensor: String?
        let outcome: ManifestCheck.Outcome
    }

    init(_ hash: ModelHash, path: String, check: ManifestCheck?, listsTensors: Bool) {
        file = path
        sha256 = hash.sha256
        weights = hash.weights
        tensors = listsTensors ? hash.tensors.map { Tensor(name: $0.name, sha256: $0.sha256) } : nil
        holds = check?.holds
        results = check?.results.map { Result(tensor: $0.tensor, outcome: $0.outcome) }
    }
}
