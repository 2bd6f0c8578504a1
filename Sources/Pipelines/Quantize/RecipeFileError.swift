import Files

/// There is no recipe file of a name.
public struct RecipeFileError: DiagnosticError, Equatable {
    /// The name that was given.
    public let file: String
    /// Whether a mix has the name.
    public let isMix: Bool
    /// The names of all mixes.
    public let mixes: [String]

    /// An error of a name that no recipe file has.
    ///
    /// - Parameters:
    ///   - file: The name that was given.
    ///   - isMix: Whether a mix has the name.
    ///   - mixes: The names of all mixes.
    public init(file: String, isMix: Bool, mixes: [String]) {
        self.file = file
        self.isMix = isMix
        self.mixes = mixes
    }

    /// The error in words: the name, and what to give instead.
    public var diagnostic: Diagnostic {
        Diagnostic(
            .usage, file: file, "there is no recipe file of this name",
            advice: isMix
                ? "it is the name of a mix: use \(.type, file)"
                : "give the path of a JSON or GGUF file; mixes are named with \(.type): "
                    + "\(mixes.joined(separator: ", "))")
    }
}
