import Dispatch
import TensorCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ctrl-C and termination: unfinished files are removed before the process ends.
enum Interruption {
    nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

    /// Call once, from the main thread, before any work.
    static func install() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                ProgressLine.clear()
                UnfinishedFiles.removeAll()
                _exit(128 + number)
            }
            source.resume()
            sources.append(source)
        }
    }
}
