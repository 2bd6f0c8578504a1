import TensorCore

/// An error of a module that does not know the file, and the file.
struct ErrorInFile: DiagnosticError {
    let path: String
    let underlying: any DiagnosticError

    var diagnostic: Diagnostic {
        var diagnostic = underlying.diagnostic
        diagnostic.file = diagnostic.file ?? path
        return diagnostic
    }
}
