import Files
import Platform

/// The process's standard input.
struct StandardInput {
    /// Read, but not given out yet.
    private var pending: [UInt8] = []
    private var isAtEnd = false

    static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// What errors call it.
    static let name = "standard input"
    private static let readLength = 1 << 16

    /// The next line without its end; nil after the last one.
    mutating func line() throws -> [UInt8]? {
        var searched = 0
        while true {
            if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending.removeSubrange(...end) }
                return Array(pending[..<end])
            }
            searched = pending.count
            if isAtEnd {
                defer { pending = [] }
                return pending.isEmpty ? nil : pending
            }
            try read()
        }
    }

    /// All that is left.
    mutating func rest() throws -> [UInt8] {
        while !isAtEnd { try read() }
        return pending
    }

    /// All of it, which has to be UTF-8.
    static func text() throws -> [UInt8] {
        var input = StandardInput()
        let bytes = try input.rest()
        let valid = ByteString(bytes).validPrefixLength
        guard valid == bytes.count else { throw FileError(.notUTF8(offset: valid), path: name) }
        return bytes
    }

    private mutating func read() throws {
        let start = pending.count
        pending += [UInt8](repeating: 0, count: Self.readLength)
        var count: Int
        repeat {
            count = pending.withUnsafeMutableBytes {
                POSIX.read(STDIN_FILENO, into: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
            }
        } while count < 0 && errno == EINTR
        let code = errno
        pending.removeSubrange((start + max(0, count))...)
        guard count >= 0 else { throw FileError(.system(operation: "read", errno: code), path: Self.name) }
        isAtEnd = count == 0
        guard pending.count <= InputLimit.prompt.byteCount else {
            throw FileError(.tooLarge(.prompt, byteCount: pending.count), path: Self.name)
        }
    }
}
