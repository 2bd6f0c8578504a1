import Calibration
import Evaluation
import Manifests
import Models

extension InputRecord {
    /// A text, digested as it is when it is decompressed.
    init(_ text: EvaluationText) { self.init("text", digest: Fingerprint.of(text), name: text.name) }

    /// A file of a model's predictions, digested by samples.
    ///
    /// - Throws: `FileError` if it cannot be read.
    init(predictions path: String) throws {
        self.init("predictions", digest: try Fingerprint.of(file: path), name: Provenance.lastComponent(path))
    }
}

extension Manifest {
    /// The manifest of what models make of texts that are cut into windows.
    ///
    /// - Parameters:
    ///   - models: The models; one that others are compared with comes first.
    ///   - predictions: A file of stored predictions that the models are compared with; nil for none.
    ///   - texts: The texts.
    ///   - cut: How texts are cut into windows.
    ///   - options: What else decides the result, by its names.
    /// - Throws: Errors of reading the models and the file.
    package init(
        models: [Model], predictions: String? = nil, texts: [EvaluationText], cut: WindowCut,
        options: [String: String] = [:]
    ) throws {
        self.init(
            try models.map { try InputRecord("model", $0) }
                + [predictions].compactMap { $0 }.map { try InputRecord(predictions: $0) }
                + texts.map { InputRecord($0) },
            options: cut.options.merging(options) { $1 })
    }

    /// The manifest of a verification.
    ///
    /// - Parameters:
    ///   - files: The files that were verified, which are digested by samples.
    ///   - original: The model that they were compared with; nil for none.
    /// - Throws: Errors of reading the files.
    package init(verified files: [String], against original: Model?) throws {
        self.init(
            try files.map {
                InputRecord("file", digest: try Fingerprint.of(file: $0), name: Provenance.lastComponent($0))
            }
                + [original].compactMap { $0 }.map { try InputRecord("original", $0) })
    }

    /// The manifest of what models make of tasks.
    ///
    /// - Parameters:
    ///   - models: The models; one that others are compared with comes first.
    ///   - tasks: The files of questions.
    ///   - questionLimit: The most questions that are taken from each file; nil for all.
    /// - Throws: Errors of reading the models and the files.
    package init(models: [Model], tasks: [EvaluationTask], questionLimit: Int?) throws {
        self.init(
            try models.map { try InputRecord("model", $0) } + tasks.map { try InputRecord("task", file: $0.path) },
            options: questionLimit.map { ["questions": "\($0)"] } ?? [:])
    }
}

extension ActivationCollection {
    /// The manifest of what is collected of a model's inputs.
    func manifest(_ model: Model, _ texts: [EvaluationText]) throws -> Manifest {
        try Manifest(
            models: [model], texts: texts, cut: cut, options: includesOutput ? ["output-matrix": "included"] : [:])
    }
}

extension CalibrationTexts {
    /// The manifest of what is measured on the texts.
    func manifest(_ model: Model) throws -> Manifest {
        try Manifest(models: [model], texts: texts, cut: cut, options: ["held-out": "\(heldOutCount)"])
    }
}
