import Files

/// Work of an earlier run that this one cannot go on with.
package struct JournalError: DiagnosticError, Equatable {
    /// What is wrong, with what was found.
    package enum Kind: Sendable, Equatable {
        /// The folder holds the work of a run with other inputs or options; what is not the same, as far as it is known.
        case otherRun([String])
        /// What was kept has been damaged while the run was going on.
        case damaged
    }

    /// What is wrong.
    package let kind: Kind
    /// The folder.
    package let folder: String

    /// An error of a folder of work.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - folder: The folder.
    package init(_ kind: Kind, folder: String) {
        self.kind = kind
        self.folder = folder
    }

    /// The error in words: the folder, in what the runs differ, and what to do.
    package var diagnostic: Diagnostic {
        switch kind {
        case .otherRun(let parts):
            Diagnostic(
                .usage, file: folder,
                "it holds the work of another run"
                    + (parts.isEmpty ? "" : ", which differs in \(parts.joined(separator: ", "))"),
                advice: "go on with its inputs and options, or begin anew with \(.isRestarting)")
        case .damaged:
            Diagnostic(
                .work, file: folder, "what was kept in it has been damaged since",
                advice: "run the same again, which goes on from what is good")
        }
    }
}
