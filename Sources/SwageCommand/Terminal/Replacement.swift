import Files
import Journals
import Platform
import Reporting

/// Whether outputs may take the place of files that are there.
enum Replacement {
    /// Fails if an output is there already, unless it may be replaced: by an option, by a yes on a terminal, or since a run
    /// that is not done yet has left it.
    ///
    /// - Throws: ``OutputExists``.
    static func check(_ files: CommandFiles, of command: any WritingCommand) throws {
        guard !command.replacing.replacesOutputs, !command.writesNothing else { return }
        let spared = command.sparedOutputs
        for output in files.replacedOutputs
        where !spared.contains(output) && isFile(output) && !isOfUnfinishedRun(output) {
            try AtomicFile.check(output)
            guard isTerminal, isAgreed(output) else { throw OutputExists(path: output) }
        }
    }

    private static func isFile(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    }

    private static func isOfUnfinishedRun(_ path: String) -> Bool {
        Journal.files(of: path).contains { FileIdentity(path: $0) != nil }
    }

    private static var isTerminal: Bool { StandardInput.isTerminal && StandardStream.error.isTerminal }

    private static func isAgreed(_ path: String) -> Bool {
        StandardStream.error.write("\(path) is there already. Replace it? [y/N] ")
        var input = StandardInput()
        let answer = (try? input.line()).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return ["y", "yes"].contains(answer.lowercased())
    }
}

/// An output is there already.
struct OutputExists: DiagnosticError {
    let path: String

    var diagnostic: Diagnostic {
        Diagnostic(
            .usage, file: path, "it is there already, and is not replaced",
            advice: "choose another name, or let it be replaced with --overwrite")
    }
}
