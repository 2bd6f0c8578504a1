// The C library under one name, and the few of its functions that systems do not share.

#if canImport(Glibc)
    @_exported import Glibc
#else
    @_exported import Darwin
#endif

/// Functions of the system that are missing on some platforms, or whose short names callers have for something else.
public enum POSIX {
    /// Reads bytes from a file descriptor, at most as many as a buffer has room for.
    ///
    /// - Returns: the number of bytes read; 0 at the end, below zero if it failed, with the reason in `errno`.
    public static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    /// Writes the first bytes of a buffer to a file descriptor.
    ///
    /// - Returns: the number of bytes written; below zero if it failed, with the reason in `errno`.
    public static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }

    /// The processor time that all threads of the process have taken, in seconds.
    public static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Ends the process with an exit status.
    public static func exit(_ status: Int32) -> Never {
        #if canImport(Glibc)
            Glibc.exit(status)
        #else
            Darwin.exit(status)
        #endif
    }

    /// The use that a process will make of bytes of a file.
    public enum FileAdvice: Sendable {
        case willNeed, doNotNeed
    }

    /// Tells the system what will be done with some bytes of a file, where it listens to that.
    public static func advise(_ advice: FileAdvice, descriptor: Int32, _ range: Range<Int>) {
        #if canImport(Glibc)
            _ = posix_fadvise(
                descriptor, off_t(range.lowerBound), off_t(range.count),
                advice == .willNeed ? POSIX_FADV_WILLNEED : POSIX_FADV_DONTNEED)
        #endif
    }

    /// Asks the system to back some memory with large pages, if it has any.
    public static func adviseHugePages(_ memory: UnsafeMutableRawPointer, byteCount: Int) {
        #if canImport(Glibc)
            _ = madvise(memory, byteCount, MADV_HUGEPAGE)
        #endif
    }

    /// The most bytes of addresses that the process may take (`ulimit -v`); nil if there is no limit.
    public static var addressSpaceLimit: Int? {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
        #else
            let resource = RLIMIT_AS
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur != rlim_t.max else { return nil }
        return Int(clamping: limit.rlim_cur)
    }
}
