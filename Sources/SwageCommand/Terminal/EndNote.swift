import Files
import GGUF
import Manifests
import Platform
import Reporting
import Synchronization

/// What a command says when its work is done: what it has written, and how long it took.
struct EndNote {
    /// A file as it was or is.
    private struct Version: Equatable {
        let identity: FileIdentity
        let byteCount: Int

        init?(_ path: String) {
            var info = stat()
            guard let identity = FileIdentity(path: path), stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG
            else {
                return nil
            }
            (self.identity, byteCount) = (identity, Int(info.st_size))
        }
    }

    private let outputs: [String]
    /// What there was under the names of outputs, and of parts of models.
    private let before: [String: Version]
    private let started = ContinuousClock.now

    /// Files of names that no option has as they are, such as the parts of a model.
    private static let others = Mutex<[String]>([])

    /// A run without a result in a file says on a terminal how long it took, from so many seconds on.
    private static let shortestTold = 10.0
    /// More files than these are counted.
    private static let namedCount = 3

    /// Begins to measure; what is ``written`` are outputs that are other files than now.
    init(_ files: CommandFiles) {
        outputs = files.outputs
        let names = outputs.flatMap { [$0] + Self.parts(of: $0) }
        before = Dictionary(names.compactMap { name in Version(name).map { (name, $0) } }) { first, _ in first }
    }

    /// Tells of files that the run has written under names of its own making.
    static func wrote(_ paths: [String]) {
        others.withLock { others in others += paths.filter { !others.contains($0) } }
    }

    /// What the run has written until now.
    var written: [WrittenFile] {
        let others = Self.others.withLock { $0 }.filter { !outputs.contains($0) }
        return (outputs + others).compactMap { path in
            guard let version = Version(path), version != before[path] else { return nil }
            return WrittenFile(path: path, bytes: version.byteCount)
        }
    }

    /// The time that the run has taken until now.
    var seconds: Double { (ContinuousClock.now - started) / .seconds(1) }

    func write() {
        ProgressLine.clear()
        guard ProgressLine.verbosity != .quiet else { return }
        let written = written
        if !written.isEmpty {
            let names = written.prefix(Self.namedCount).map { DisplayText("\($0.path) (\(Figures.bytes($0.bytes)))") }
            let rest = written.dropFirst(Self.namedCount)
            let more: DisplayText =
                rest.isEmpty ? "" : " and \(rest.count) more (\(Figures.bytes(rest.reduce(0) { $0 + $1.bytes })))"
            StandardStream.error.write(
                "wrote \(names.joined(separator: ", "))\(more) in \(Figures.duration(seconds))\n")
        } else if seconds >= Self.shortestTold, StandardStream.error.isTerminal {
            StandardStream.error.write("done in \(Figures.duration(seconds))\n")
        }
    }

    /// The files that are there as parts of a model with the name of an output, or with the output as their prefix.
    private static func parts(of output: String) -> [String] {
        let prefixes = output.hasSuffix(".gguf") ? [String(output.dropLast(5)), output] : [output]
        return prefixes.flatMap { GGUFSplitWriter.files(withPrefix: $0) }
    }
}

/// A file that a command has written, as its JSON has it.
struct WrittenFile: Encodable {
    let path: String
    let bytes: Int

    private enum Key: CodingKey {
        case path, bytes, manifest
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(path, forKey: .path)
        try container.encode(bytes, forKey: .bytes)
        try container.encodeIfPresent(manifest, forKey: .manifest)
    }

    /// How a GGUF file says that it was made.
    private var manifest: Manifest? { path.hasSuffix(".gguf") ? (try? GGUFFile(path: path))?.metadata.manifest : nil }
}
