import Dispatch
import TensorCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ctrl-C, termination and a closed terminal: unfinished files are removed before the process ends.
enum Interruption {
    nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

    /// Call once, from the main thread, before any work.
    static func install() {
        // A reader that has gone away shows in the result of a write.
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // nohup asks for going on without a terminal.
            let previous = unsafeBitCast(signal(number, SIG_IGN), to: Int.self)
            if number == SIGHUP, previous == unsafeBitCast(SIG_IGN, to: Int.self) { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler { end(by: number) }
            source.resume()
            sources.append(source)
        }
    }

    /// Ends the process as the signal would have.
    static func end(by signal: Int32) -> Never {
        ProgressLine.clear()
        UnfinishedFiles.removeAll()
        _exit(128 + signal)
    }
}
