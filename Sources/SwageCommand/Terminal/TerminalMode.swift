import Platform
import Synchronization

/// What the terminal does with what is typed.
enum TerminalMode {
    /// As it was when the program changed it first; nil if it has not.
    private static let original = Mutex<termios?>(nil)

    /// Remembers the mode, for ``restore()``; call before anything changes it.
    static func keep() {
        guard let mode else { return }
        original.withLock { if $0 == nil { $0 = mode } }
    }

    /// Gives the terminal back as it was.
    static func restore() {
        original.withLock { original in
            if var mode = original { tcsetattr(STDIN_FILENO, TCSANOW, &mode) }
        }
    }

    /// Lets what is typed wait while some work goes on: nothing of it is shown, and all of it can be read after the work.
    ///
    /// - Parameter isByteWise: Whether what waits will be read by an editor, which gets every key, and not as whole lines.
    static func withoutEcho<Result>(isByteWise: Bool, _ work: () throws -> Result) rethrows -> Result {
        keep()
        guard StandardInput.isTerminal, var mode else { return try work() }
        mode.c_lflag &= ~tcflag_t(ECHO | (isByteWise ? ICANON : 0))
        tcsetattr(STDIN_FILENO, TCSANOW, &mode)
        defer { restore() }
        return try work()
    }

    /// Whether there is something to read already.
    static var hasInput: Bool {
        var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }

    private static var mode: termios? {
        var mode = termios()
        return tcgetattr(STDIN_FILENO, &mode) == 0 ? mode : nil
    }
}
