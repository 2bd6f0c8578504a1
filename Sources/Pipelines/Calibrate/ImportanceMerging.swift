import Calibration
import Files
import Importance
import Manifests
import Models

/// Adds up importance matrices, or writes one in another form.
public struct ImportanceMerging: Sendable {
    /// The form of the file.
    public var form: ImportanceMatrix.Form

    /// A way to add up importance matrices.
    ///
    /// - Parameter form: The form of the file.
    public init(form: ImportanceMatrix.Form = .gguf) { self.form = form }

    /// Adds up importance matrices and writes the sum.
    ///
    /// Matrices of other models than the first one's are added up with a warning.
    ///
    /// - Parameters:
    ///   - paths: At least one file.
    ///   - output: The file of the sum.
    ///   - progress: Receives warnings.
    /// - Returns: the sum.
    /// - Throws: `ImportanceError` for matrices that do not fit each other, `CalibrationError` if what the form says is not
    ///   known, and errors of reading and writing.
    public func run(
        _ paths: [String], output: String, progress: ProgressHandler = { _ in }
    ) throws -> ImportanceMatrix {
        try OutputFile.check(output, inputs: paths)
        var merged = try ImportanceMatrix(contentsOf: paths[0])
        for path in paths.dropFirst() {
            do {
                let added = try ImportanceMatrix(contentsOf: path)
                if let first = merged.model, let other = added.model, !first.isSame(as: other) {
                    progress(.warning("\(path): collected from another model than \(paths[0])"))
                }
                try merged.merge(added)
            } catch let error as ImportanceError {
                throw ErrorInFile(path: path, underlying: error)
            }
        }
        merged.manifest = try Manifest(
            paths.map { try InputRecord("importance", file: $0) }
                + (merged.manifest?.inputs ?? []).map { $0.beneath("importance") },
            options: merged.manifest?.options ?? [:])
        if form == .gguf, merged.chunkSize == 0 { throw CalibrationError(.legacyImportance, file: paths[0]) }
        try merged.write(to: output, form: form)
        return merged
    }
}
