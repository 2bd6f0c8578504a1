import Importance
import TensorCore

/// Adds up importance matrices, or writes one in another form.
public struct ImportanceMerging: Sendable {
    public var form: ImportanceMatrix.Form

    public init(form: ImportanceMatrix.Form = .gguf) { self.form = form }

    /// - Parameter paths: at least one.
    public func run(_ paths: [String], output: String) throws -> ImportanceMatrix {
        try OutputFile.check(output, inputs: paths)
        var merged = try ImportanceMatrix(contentsOf: paths[0])
        for path in paths.dropFirst() {
            do {
                try merged.merge(ImportanceMatrix(contentsOf: path))
            } catch let error as ImportanceError {
                throw ErrorInFile(path: path, underlying: error)
            }
        }
        if form == .gguf, merged.chunkSize == 0 { throw PipelineError(.legacyImportance, file: paths[0]) }
        try merged.write(to: output, form: form)
        return merged
    }
}
