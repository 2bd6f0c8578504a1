import Files
import GGUF
import Platform
import Reporting

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

    /// A run without a result in a file says on a terminal how long it took, from so many seconds on.
    private static let shortestTold = 10.0

    /// Begins to measure; ``write()`` tells the outputs that are other files than now.
    init(_ files: CommandFiles) {
        outputs = files.outputs
        before = Self.versions(outputs.flatMap { [$0] + Self.parts(of: $0) })
    }

    func write() {
        ProgressLine.clear()
        guard ProgressLine.verbosity != .quiet else { return }
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let written = outputs.flatMap { description(of: [$0]) + description(of: Self.parts(of: $0)) }
        if !written.isEmpty {
            StandardStream.error.write("wrote \(written.joined(separator: ", ")) in \(Figures.duration(seconds))\n")
        } else if seconds >= Self.shortestTold, StandardStream.error.isTerminal {
            StandardStream.error.write("done in \(Figures.duration(seconds))\n")
        }
    }

    /// Those of a set of files that are other files than before, in words.
    private func description(of paths: [String]) -> [DisplayText] {
        let new = Self.versions(paths).filter { before[$0.key] != $0.value }
        guard let first = new.keys.min() else { return [] }
        let size = Figures.bytes(new.values.reduce(0) { $0 + $1.byteCount })
        let rest: DisplayText = new.count == 1 ? "" : " and \(new.count - 1) more parts"
        return ["\(first)\(rest) (\(size))"]
    }

    /// The files that are there as parts of a model with the name of an output, or with the output as their prefix.
    private static func parts(of output: String) -> [String] {
        let prefixes = output.hasSuffix(".gguf") ? [String(output.dropLast(5)), output] : [output]
        return prefixes.flatMap { GGUFSplitWriter.files(withPrefix: $0) }
    }

    private static func versions(_ paths: [String]) -> [String: Version] {
        Dictionary(paths.compactMap { path in Version(path).map { (path, $0) } }) { first, _ in first }
    }
}
