import Files
import Platform
import Reporting

/// The process's streams, written at once, past any buffering.
///
/// Nothing else writes to them, and no text of a file or a user gets through as it is: what is shown to people is a
/// ``DisplayText``, JSON escapes by its own rules, and what a model has written is data unless a terminal shows it.
enum StandardStream {
    /// Results.
    static let output = ResultStream()
    /// Diagnostics and progress.
    static let error = DiagnosticStream()

    /// Keeps the numbers of closed streams from being given to files that are opened later; call before opening any.
    static func reserve() {
        // Reading is all that these allow: what is written to them fails, as it would without them.
        while true {
            let descriptor = open("/dev/null", O_RDONLY)
            guard descriptor > STDERR_FILENO else {
                if descriptor < 0 { return }
                continue
            }
            close(descriptor)
            return
        }
    }

    /// - Returns: why not all bytes could be written, in `errno`'s numbers; nil if they were.
    fileprivate static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { POSIX.write($0, to: descriptor) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno }
            rest.removeFirst(count)
        }
        return nil
    }
}

/// The stream of results.
struct ResultStream: Sendable {
    private var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes text for people, unless JSON is wanted in its place.
    func write(_ text: DisplayText) throws(OutputFailure) {
        guard !JSONOutput.isWanted else { return }
        try write(Array(text.text.utf8))
    }

    /// Writes JSON in UTF-8.
    func write(json: [UInt8]) throws(OutputFailure) { try write(JSONText.escaping(json)) }

    /// Writes text of a model, in whole characters: as it is, but escaped for a terminal; nothing
    /// where JSON is wanted.
    func write(modelText: [UInt8]) throws(OutputFailure) {
        guard !JSONOutput.isWanted else { return }
        guard isTerminal else { return try write(modelText) }
        try write(DisplayText(lines: String(decoding: modelText, as: UTF8.self)))
    }

    private func write(_ bytes: [UInt8]) throws(OutputFailure) {
        if let code = StandardStream.write(bytes, to: STDOUT_FILENO) { throw OutputFailure(code: code) }
    }
}

/// The stream of diagnostics and progress; what cannot be written is lost.
struct DiagnosticStream: Sendable {
    var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// The columns of the terminal as it is now; 80 if it does not say.
    var terminalWidth: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        return Int(size.ws_col)
    }

    func write(_ text: DisplayText) { _ = StandardStream.write(Array(text.text.utf8), to: STDERR_FILENO) }
}

/// Results cannot be written.
struct OutputFailure: DiagnosticError {
    /// The system's reason.
    let code: Int32

    /// Whether nobody reads them any more.
    var isClosedPipe: Bool { code == EPIPE }

    var diagnostic: Diagnostic {
        FileError(.system(operation: "write", errno: code), path: "standard output").diagnostic
    }
}
