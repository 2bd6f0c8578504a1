import Evaluation
import Importance
import TensorCore

/// Collects an importance matrix of a model over texts and writes it.
public struct ImportanceCollection: Sendable {
    public var calibration: Calibration
    /// The form of the file.
    public var form: ImportanceMatrix.Form
    public var parallel: Parallel

    public init(calibration: Calibration, form: ImportanceMatrix.Form = .gguf, parallel: Parallel) {
        self.calibration = calibration
        self.form = form
        self.parallel = parallel
    }

    public func run(
        _ model: Model, texts: [EvaluationText], output: String, progress: @escaping ProgressHandler
    ) throws -> ImportanceMatrix {
        guard !texts.isEmpty else { throw PipelineError(.noTexts) }
        try OutputFile.check(output, inputs: model.inputFiles + texts.compactMap(\.path))
        progress(.stage("collecting importance"))
        let matrix = try calibration.importance(
            model.forwardPass(parallel), tokenizer: model.tokenizer, texts: texts
        ) { progress(.fraction($0)) }
        try matrix.write(to: output, form: form)
        return matrix
    }
}
