import Files
import Platform

/// What the process tells its caller.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case badUsage = 2
    case badInput = 3
    case noRoom = 4
    case checkFailed = 5
    case interrupted = 130

    init(_ fault: Diagnostic.Fault) {
        self =
            switch fault {
            case .work: .failed
            case .usage: .badUsage
            case .input: .badInput
            case .room: .noRoom
            case .check: .checkFailed
            }
    }

    func exit() -> Never { POSIX.exit(rawValue) }
}

/// Errors in words on standard error.
enum Failure {
    /// Tells of an error, whether or not the work goes on after it.
    static func report(_ error: any Error) {
        ProgressLine.clear()
        let line = (error as? any DiagnosticError).map { text(of: $0.diagnostic) } ?? "swage: \(error)"
        StandardStream.error.write(line + "\n")
    }

    /// `swage: file: place: problem`, and what to do about it on a line of its own.
    private static func text(of diagnostic: Diagnostic) -> String {
        let places = ["swage", diagnostic.file, diagnostic.place].compactMap { $0 }
        let line = (places + [diagnostic.problem]).joined(separator: ": ")
        return diagnostic.advice.map { "\(line)\n  \($0.commandLineText)" } ?? line
    }
}
