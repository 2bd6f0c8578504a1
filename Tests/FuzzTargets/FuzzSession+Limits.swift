import Platform

extension FuzzSession {
    /// What an input may cost, in a program that notes what is reached.
    private static var secondLimit: Double { 2 }
    private static var byteLimit: Int { 200 << 20 }

    /// Gives the target an input, which may take two seconds of processor time and 200 MB of memory.
    ///
    /// - Throws: ``FuzzFinding`` for an error that a user could not do anything with, and for an input that takes more.
    public func runWithinLimits(_ bytes: [UInt8]) throws(FuzzFinding) -> Outcome {
        let before = Usage()
        let outcome = try run(bytes)
        let usage = Usage()
        if usage.seconds - before.seconds > Self.secondLimit {
            throw FuzzFinding("more than \(Self.secondLimit) seconds of processor time")
        }
        if usage.peakByteCount - before.peakByteCount > Self.byteLimit {
            throw FuzzFinding("more than \(Self.byteLimit) bytes of memory")
        }
        return outcome
    }
}

/// What the process has used so far.
private struct Usage {
    let seconds: Double
    let peakByteCount: Int

    init() {
        var usage = rusage()
        getrusage(numericCast(RUSAGE_SELF.rawValue), &usage)
        seconds =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        peakByteCount = usage.ru_maxrss << 10
    }
}
