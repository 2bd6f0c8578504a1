/// An error of a module that does not know which file it reads, with the path of that file.
public struct ErrorInFile: DiagnosticError {
    /// The path of the file that the error is about.
    public let path: String
    /// The error as the module reported it.
    public let underlying: any DiagnosticError

    /// Adds the path of a file to an error that does not know it.
    public init(path: String, underlying: any DiagnosticError) {
        self.path = path
        self.underlying = underlying
    }

    /// The diagnostic of the underlying error, with the path in it unless it names a file itself.
    public var diagnostic: Diagnostic {
        var diagnostic = underlying.diagnostic
        diagnostic.file = diagnostic.file ?? path
        return diagnostic
    }
}
