import Foundation

/// What a process used.
struct Usage {
    /// Seconds from start to end.
    let wall: Double
    /// Seconds of processor time, the kernel's part included.
    let processor: Double
    /// The most physical memory it held; mapped files count as far as they were touched.
    let peakByteCount: Int
}

extension Usage {
    /// The median of each time; the greatest peak.
    init(medianOf runs: [Usage]) {
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        self.init(
            wall: median(runs.map(\.wall)), processor: median(runs.map(\.processor)),
            peakByteCount: runs.map(\.peakByteCount).max() ?? 0)
    }
}

/// A program with its arguments.
struct Command {
    let arguments: [String]

    init(_ arguments: [String]) { self.arguments = arguments }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs it to its end without its output, and without what an earlier run has written; throws if it does not end with 0.
    func run() throws -> Usage {
        if let option = arguments.firstIndex(of: "-o"), option + 1 < arguments.count { unlink(arguments[option + 1]) }
        // Left to itself, the BLAS library picks the kernels for this machine.
        let environment = ProcessInfo.processInfo.environment.filter { $0.key != "OPENBLAS_CORETYPE" }
        var argumentPointers = arguments.map { strdup($0) } + [nil]
        var environmentPointers = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let start = ContinuousClock.now
        var process: pid_t = 0
        let error = posix_spawn(&process, arguments[0], &actions, nil, &argumentPointers, &environmentPointers)
        guard error == 0 else {
            throw Failure(description: "\(arguments[0]): \(String(cString: strerror(error)))")
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(process, &status, 0, &usage) < 0 {
            guard errno == EINTR else { throw Failure(description: "\(arguments[0]): lost") }
        }
        let wall = (ContinuousClock.now - start) / .seconds(1)
        guard status == 0 else {
            throw Failure(description: "\(arguments.joined(separator: " ")): ended with status \(status >> 8)")
        }
        return Usage(
            wall: wall, processor: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            peakByteCount: Int(usage.ru_maxrss) << 10)
    }

    private func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
