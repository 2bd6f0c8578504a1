import Dispatch
import FoundationEssentials
import Platform
import Synchronization

/// Runs independent pieces of work on a fixed number of threads.
///
/// The pieces, not the threads, decide the arithmetic: callers cut work into pieces whose size does not depend on the
/// thread count, so that results do not either.
public struct Parallel: Sendable {
    /// The most threads that work at the same time, at least 1.
    public let threadCount: Int

    /// Makes a runner with a number of threads; nil is one for each processor that this process may run on.
    public init(threadCount: Int? = nil) {
        self.threadCount = max(1, threadCount ?? Self.processorCount)
    }

    /// The number of processors that this process may run on.
    public static var processorCount: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Calls `body(piece, worker)` once for every piece in `0..<count`; `worker` is below ``threadCount`` and never
    /// used by two calls at the same time, so that it can index scratch memory. Rethrows the error of the first piece
    /// (in order) that failed; pieces that have not begun by then are dropped.
    public func forEach(_ count: Int, _ body: @Sendable (_ piece: Int, _ worker: Int) throws -> Void) throws {
        guard count > 0 else { return }
        let workers = min(threadCount, count)
        if workers == 1 {
            for piece in 0..<count { try body(piece, 0) }
            return
        }
        let next = Atomic<Int>(0)
        let failure = Mutex<(piece: Int, error: any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            while true {
                let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard piece < count else { return }
                do {
                    try body(piece, worker)
                } catch {
                    failure.withLock { first in
                        if first.map({ piece < $0.piece }) ?? true { first = (piece, error) }
                    }
                    next.store(count, ordering: .relaxed)
                    return
                }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure.error }
    }

    /// Calls `body(range, worker)`, as ``forEach(_:_:)`` does, for ranges of `length` numbers each, the last one
    /// perhaps of fewer, that cover `0..<count`.
    public func forEachRange(
        _ count: Int, length: Int, _ body: @Sendable (_ range: Range<Int>, _ worker: Int) throws -> Void
    ) throws {
        try forEach((count + length - 1) / length) { piece, worker in
            try body(piece * length..<min(count, (piece + 1) * length), worker)
        }
    }

    /// The seconds that work takes where each thread has a processor to itself: the processor time of the process meanwhile,
    /// divided among the threads.
    public func seconds(of work: () throws -> Void) rethrows -> Double {
        let begin = POSIX.processorSeconds
        try work()
        return (POSIX.processorSeconds - begin) / Double(threadCount)
    }
}
