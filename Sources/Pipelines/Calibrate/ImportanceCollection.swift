import Calibration
import Evaluation
import Importance
import Journals
import Models
import Parallelism
import Runtime

/// Collects an importance matrix of a model over texts and writes it.
public struct ImportanceCollection: Sendable {
    /// How texts are cut, and what is collected.
    public var activations: ActivationCollection
    /// The form of the file.
    public var form: ImportanceMatrix.Form
    /// The threads that share the work.
    public var parallel: Parallel
    /// What the process may use.
    public var memory: MemoryBudget
    /// How activations are multiplied with weights.
    public var precision: Precision
    /// Whether what an earlier run has kept is removed, and the work begins anew.
    public var isRestarting = false

    /// A collection of an importance matrix.
    ///
    /// - Parameters:
    ///   - activations: How texts are cut, and what is collected.
    ///   - form: The form of the file.
    ///   - parallel: The threads that share the work.
    ///   - memory: What the process may use.
    ///   - precision: How activations are multiplied with weights.
    public init(
        _ activations: ActivationCollection, form: ImportanceMatrix.Form = .gguf, parallel: Parallel,
        memory: MemoryBudget = .available, precision: Precision = .reference
    ) {
        self.activations = activations
        self.form = form
        self.parallel = parallel
        self.memory = memory
        self.precision = precision
    }

    /// Collects an importance matrix and writes it, after each batch of windows too, so that not all is lost when the run ends
    /// early.
    ///
    /// Until it is written, finished work is kept in the folder `OUTPUT.work`, and the next run goes on from there.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - texts: At least one text.
    ///   - output: The file of importance.
    ///   - progress: Receives what the work tells, from any thread.
    /// - Returns: the importance matrix.
    /// - Throws: `CalibrationError` if there is no text, `EvaluationError` for texts that cannot be cut, an error with what
    ///   differs if the folder holds the work of another run, and errors of reading and writing.
    public func run(
        _ model: Model, texts: [EvaluationText], output: String, progress: @escaping ProgressHandler
    ) throws -> ImportanceMatrix {
        guard !texts.isEmpty else { throw CalibrationError(.noTexts) }
        try OutputFile.check(output, inputs: model.inputFiles + texts.compactMap(\.path))
        let windows = try activations.windows(
            of: texts, model.tokenizer, contextLimit: model.plan.contextLength)
        let journal = try Journal(
            output: output, identity: identity(model, texts, windows), isRestarting: isRestarting
        ) { progress(.note($0)) }
        return try Journal.perform(journal) {
            progress(.stage(.collectingImportance))
            progress(.extent(.tokens(windows.reduce(0) { $0 + $1.tokens.count })))
            let pass = try model.forwardPass(parallel, memory: memory, precision: precision)
            let (signature, manifest) = (try model.signature(), try activations.manifest(model, texts))
            var matrix = try activations.importance(
                pass, windows: windows, texts: texts, spool: ImportanceSpool(journal),
                snapshot: {
                    var matrix = $0
                    (matrix.model, matrix.manifest) = (signature, manifest)
                    try matrix.write(to: output, form: form)
                }, progress: { progress(.fraction($0)) })
            (matrix.model, matrix.manifest) = (signature, manifest)
            progress(.times(model: Provenance.lastComponent(model.path), pass.times))
            try matrix.write(to: output, form: form)
            return matrix
        }
    }

    func identity(
        _ model: Model, _ texts: [EvaluationText], _ windows: [EvaluationWindow]
    ) throws -> RunIdentity {
        var identity = RunIdentity("an importance matrix", precision: precision)
        try identity.add("the model", [model])
        identity.add(texts)
        identity.add("the windows of the texts", windows)
        identity.add("whether the output matrix is included", activations.includesOutput)
        identity.add("the form of the file", "\(form)")
        return identity
    }
}
