/// An error of a module that does not know the file, and the file.
public struct ErrorInFile: DiagnosticError {
    public let path: String
    public let underlying: any DiagnosticError

    public init(path: String, underlying: any DiagnosticError) {
        self.path = path
        self.underlying = underlying
    }

    public var diagnostic: Diagnostic {
        var diagnostic = underlying.diagnostic
        diagnostic.file = diagnostic.file ?? path
        return diagnostic
    }
}
