import Files
import Parallelism
import Verification

extension ModelFile {
    /// Reads the model that was written again, and fails if it is not what it should be; files that are wrong get names that
    /// say so.
    func verify(
        _ written: Conversion.Outcome, _ extent: WrittenVerification.Extent, parallel: Parallel,
        progress: @escaping ProgressHandler
    ) throws {
        progress(.stage(.checking(path: written.paths[0])))
        let findings = try WrittenVerification(extent, parallel: parallel) { progress(.fraction($0)) }
            .run(written.paths[0], metadata: metadata, tensors: tensors, of: model)
        guard let first = findings.first else { return }
        let wrong = written.paths.filter { path in findings.contains { $0.file == path } }
        let kept = try (wrong.isEmpty ? written.paths : wrong).map { try RejectedFile.mark($0) }
        throw WrittenModelError(first: first, count: findings.count, keptPaths: kept)
    }
}

/// A model that was written is not what it should be.
public struct WrittenModelError: DiagnosticError {
    /// What was found first.
    public let first: Finding
    /// How many findings there are.
    public let count: Int
    /// The paths that the files which are wrong have now.
    public let keptPaths: [String]

    /// The error in words: the file, the tensor, the place in it, what was found, and what became of the file.
    public var diagnostic: Diagnostic {
        var diagnostic = first.diagnostic
        diagnostic.fault = .check
        if count > 1 { diagnostic.problem += "; \(count) findings in all" }
        diagnostic.problem += "; what was written is kept as \(keptPaths.joined(separator: ", "))"
        diagnostic.advice = "write it again; if it happens twice, test the disk and the memory of this machine"
        return diagnostic
    }
}
