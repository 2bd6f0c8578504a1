import Files

/// Questions about a result that are asked before the work, not after it.
enum OutputFile {
    /// Fails if the file could not be written, or if it would replace one that the work reads.
    static func check(_ path: String, inputs: [String], expectedByteCount: Int = 0) throws {
        if let target = FileIdentity(path: path), inputs.contains(where: { FileIdentity(path: $0) == target }) {
            throw OutputIsInput(path: path)
        }
        try AtomicFile.check(path, expectedByteCount: expectedByteCount)
    }
}

/// A result would replace a file that it is made from.
public struct OutputIsInput: DiagnosticError, Equatable {
    /// The path of the result.
    public let path: String

    /// The error in words: the path, and what to do.
    public var diagnostic: Diagnostic {
        Diagnostic(.usage, file: path, "the output is also an input", advice: "choose another name")
    }
}
