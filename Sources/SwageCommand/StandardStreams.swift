import Files
import Platform

/// An output stream of the process, written at once, past any buffering.
struct StandardStream: Sendable {
    /// Results.
    static let output = StandardStream(descriptor: STDOUT_FILENO)
    /// Diagnostics and progress.
    static let error = StandardStream(descriptor: STDERR_FILENO)

    let descriptor: Int32

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

    var isTerminal: Bool { isatty(descriptor) == 1 }

    func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes all bytes. If results cannot be written, the process ends, without a word if nobody reads them any more;
    /// diagnostics that cannot be written are lost.
    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { POSIX.write($0, to: descriptor) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return failed(errno) }
            rest.removeFirst(count)
        }
    }

    private func failed(_ code: Int32) {
        guard descriptor == STDOUT_FILENO else { return }
        if code == EPIPE { Interruption.end(by: SIGPIPE) }
        Failure.exit(with: FileError(.system(operation: "write", errno: code), path: "standard output"))
    }
}
