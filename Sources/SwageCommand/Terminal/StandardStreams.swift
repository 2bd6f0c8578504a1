import Files
import Platform

/// The process's streams, written at once, past any buffering.
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
    func write(_ text: String) throws(OutputFailure) { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws(OutputFailure) {
        if let code = StandardStream.write(bytes, to: STDOUT_FILENO) { throw OutputFailure(code: code) }
    }
}

/// The stream of diagnostics and progress; what cannot be written is lost.
struct DiagnosticStream: Sendable {
    var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    func write(_ text: String) { _ = StandardStream.write(Array(text.utf8), to: STDERR_FILENO) }
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
