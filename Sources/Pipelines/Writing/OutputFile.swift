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

/// A part of a split model would replace a file that is of no part of it.
struct PartIsOther: DiagnosticError {
    let path: String

    var diagnostic: Diagnostic {
        Diagnostic(
            .usage, file: path, "it is there already, and is no part of what would be written",
            advice: "choose another name, or let it be replaced with \(.replacesOutputs)")
    }
}

/// A result would replace a file that it is made from.
public struct OutputIsInput: DiagnosticError, Equatable {
    /// The path of the output.
    public let path: String

    /// Makes the error of an output with this path.
    public init(path: String) { self.path = path }

    /// The error in words, with the output's path.
    public var diagnostic: Diagnostic {
        Diagnostic(.usage, file: path, "the output is also an input", advice: "choose another name")
    }
}
