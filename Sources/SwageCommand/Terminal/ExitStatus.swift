import Files
import Platform
import Reporting

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

    func exit() -> Never {
        TerminalMode.restore()
        POSIX.exit(rawValue)
    }
}

/// Errors in words on standard error.
enum Failure {
    /// Tells of an error, whether or not the work goes on after it.
    static func report(_ error: any Error) {
        ProgressLine.clear()
        let text = (error as? any DiagnosticError)?.diagnostic.displayText ?? DisplayText(line: "\(error)")
        StandardStream.error.write("swage: \(text)\n")
    }

    /// Says where work is kept that the next run goes on from.
    static func sayWhatIsKept() {
        for (folder, output) in KeptWork.folders {
            StandardStream.error.write(
                "swage: \(folder): work is kept there; the same command goes on from it\n  "
                    + "to be rid of it: swage clean \(output)\n")
        }
    }
}

extension Diagnostic {
    /// `file: place: problem`, and what to do about it on a line of its own.
    var displayText: DisplayText {
        let line = [file, place, problem].compactMap { $0 }.joined(separator: ": ")
        return advice.map { "\(line)\n  \($0.commandLineText)" } ?? DisplayText(line: line)
    }
}
