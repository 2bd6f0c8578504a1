import Platform

/// Calls of the system that are made again when a signal has interrupted them.
enum SystemCall {
    /// The result of a call that says with a negative number, and the reason in `errno`, that it has failed.
    static func repeated<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}
