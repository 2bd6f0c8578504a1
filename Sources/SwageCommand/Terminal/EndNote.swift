import Files
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

    private let outputs: [(path: String, before: Version?)]
    private let started = ContinuousClock.now

    /// A run without a result in a file says on a terminal how long it took, from so many seconds on.
    private static let shortestTold = 10.0

    /// Begins to measure; ``write()`` tells the outputs that are other files than now.
    init(_ files: CommandFiles) { outputs = files.outputs.map { ($0, Version($0)) } }

    func write() {
        ProgressLine.clear()
        guard ProgressLine.verbosity != .quiet else { return }
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let written = outputs.compactMap { output -> DisplayText? in
            guard let version = Version(output.path), version != output.before else { return nil }
            return "\(output.path) (\(Figures.bytes(version.byteCount)))"
        }
        if !written.isEmpty {
            StandardStream.error.write("wrote \(written.joined(separator: ", ")) in \(Figures.duration(seconds))\n")
        } else if seconds >= Self.shortestTold, StandardStream.error.isTerminal {
            StandardStream.error.write("done in \(Figures.duration(seconds))\n")
        }
    }
}
