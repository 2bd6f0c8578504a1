import Dispatch
import Files
import Foundation
import Platform
import Synchronization

/// Ctrl-C, termination and a closed terminal: unfinished files are removed before the process ends, and what stays for the
/// next run is named.
enum Interruption {
    /// What Ctrl-C does.
    private enum Effect {
        case endsProcess
        case endsWork
        /// It has been pressed, and the work is to end.
        case hasEndedWork
    }

    nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []
    private static let effect = Mutex(Effect.endsProcess)

    /// Call once, from the main thread, before any work.
    static func install() {
        // A reader that has gone away shows in the result of a write.
        signal(SIGPIPE, SIG_IGN)
        // So does a file that may not become as large.
        signal(SIGXFSZ, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // nohup asks for going on without a terminal.
            let previous = unsafeBitCast(signal(number, SIG_IGN), to: Int.self)
            if number == SIGHUP, previous == unsafeBitCast(SIG_IGN, to: Int.self) { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                if number != SIGINT || !isCaught() { end(by: number) }
            }
            source.resume()
            sources.append(source)
        }
    }

    /// Lets Ctrl-C end some work instead of the process. A second Ctrl-C, if the work has not ended by then, ends the
    /// process.
    ///
    /// - Parameter work: asks its argument whether it is to end.
    static func ending<Result>(_ work: (_ isInterrupted: () -> Bool) throws -> Result) rethrows -> Result {
        effect.withLock { $0 = .endsWork }
        defer { effect.withLock { $0 = .endsProcess } }
        return try work { effect.withLock { $0 == .hasEndedWork } }
    }

    private static func isCaught() -> Bool {
        effect.withLock { effect in
            guard effect == .endsWork else { return false }
            effect = .hasEndedWork
            return true
        }
    }

    /// How long what is said at the end may take: a terminal that is stopped, or a pipe that nobody reads, takes nothing.
    private static let patience = DispatchTimeInterval.seconds(1)

    /// Ends the process as the signal would have.
    static func end(by signal: Int32) -> Never {
        TerminalMode.restore()
        let told = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            ProgressLine.clear()
            Failure.sayWhatIsKept()
            told.signal()
        }
        _ = told.wait(timeout: .now() + patience)
        UnfinishedFiles.removeAll { _exit(128 + signal) }
    }
}
