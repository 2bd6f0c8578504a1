import Files

/// An error of a plan that cannot be written for a scheduler.
package struct LaunchError: DiagnosticError {
    /// The reason why it cannot be written.
    package enum Kind: Sendable, Equatable {
        /// A path has a line break or another control character.
        case controlCharacter
        /// A path has a backslash, which Slurm does not take for one in names of logs.
        case backslash
        /// A path has a colon, which paths of volumes cannot have.
        case colon
    }

    /// The reason why it cannot be written.
    package let kind: Kind
    /// The path that stands in the way.
    package let path: String

    init(_ kind: Kind, path: String) {
        self.kind = kind
        self.path = path
    }

    /// The error in words: the path, and what it may not have.
    package var diagnostic: Diagnostic {
        switch kind {
        case .controlCharacter:
            Diagnostic(
                .usage, file: path, "the path has a line break or another control character, which scripts cannot hold",
                advice: "rename the file or its folder")
        case .backslash:
            Diagnostic(
                .usage, file: path, "the path has a backslash, which Slurm takes for something else",
                advice: "put the plan into a folder without one")
        case .colon:
            Diagnostic(
                .usage, file: path, "the path has a colon, which the path of a volume in a pod cannot have",
                advice: "put the plan into a folder without one")
        }
    }
}
