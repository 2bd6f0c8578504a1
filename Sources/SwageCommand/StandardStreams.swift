#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An output stream of the process, written at once, past any buffering.
struct StandardStream: Sendable {
    /// Results.
    static let output = StandardStream(descriptor: STDOUT_FILENO)
    /// Diagnostics and progress.
    static let error = StandardStream(descriptor: STDERR_FILENO)

    let descriptor: Int32

    var isTerminal: Bool { isatty(descriptor) == 1 }

    func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes all bytes; a closed stream swallows them.
    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            #if canImport(Glibc)
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            #else
                let count = rest.withUnsafeBytes { Darwin.write(descriptor, $0.baseAddress, $0.count) }
            #endif
            guard count > 0 else { return }
            rest.removeFirst(count)
        }
    }
}
