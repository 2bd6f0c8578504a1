import Calibration
import Evaluation
import Importance
import Journals
import Models
import Numerics
import Parts

/// The collection of an importance matrix, divided by windows: each part is a file of exact sums.
package struct PartedImportance: PartedWork {
    package let unit = PartUnit.windows
    package var processor: String? { BLAS.coreName }
    private let collection: ImportanceCollection
    private let model: Model
    private let texts: [EvaluationText]
    /// The windows of each text.
    private let windows: [(text: String, windows: [EvaluationWindow])]
    private let progress: ProgressHandler

    /// A collection as work that can be divided.
    ///
    /// - Parameters:
    ///   - collection: What is collected, and how.
    ///   - model: The model.
    ///   - texts: At least one text.
    ///   - progress: Receives what the work tells, from any thread.
    /// - Throws: `CalibrationError` if there is no text, `EvaluationError` for texts that cannot be cut.
    package init(
        _ collection: ImportanceCollection, _ model: Model, texts: [EvaluationText],
        progress: @escaping ProgressHandler
    ) throws {
        guard !texts.isEmpty else { throw CalibrationError(.noTexts) }
        self.collection = collection
        self.model = model
        self.texts = texts
        self.progress = progress
        windows = try texts.map { text in
            (
                text.name,
                try collection.activations.windows(
                    of: [text], model.tokenizer, contextLimit: model.plan.contextLength)
            )
        }
    }

    private var allWindows: [EvaluationWindow] { windows.flatMap(\.windows) }

    package var units: [WorkUnit] {
        windows.flatMap { text in
            text.windows.map { WorkUnit("window \($0.number) of \(text.text)", cost: Double($0.tokens.count)) }
        }
    }

    package var identity: RunIdentity {
        get throws {
            var identity = RunIdentity()
            identity.add("the kind of work", "sums of importance")
            identity.add("the precision of products", collection.precision.rawValue)
            try identity.add("the model", [model])
            identity.add(texts)
            identity.add("the windows of the texts", allWindows)
            identity.add("whether the output matrix is included", collection.activations.includesOutput)
            return identity
        }
    }

    package func run(
        _ number: Int, of plan: PartPlan, in folder: PartFolder, isRestarting: Bool
    ) throws -> [String] {
        let path = folder.file(ofPart: number)
        let windows = Array(allWindows[plan.parts[number - 1].range])
        let journal = try Journal(
            output: path, identity: collection.identity(model, texts, windows), isRestarting: isRestarting
        ) { [progress] in progress(.note($0)) }
        try Journal.perform(journal) {
            progress(.stage(.collectingImportance))
            progress(.extent(.tokens(windows.reduce(0) { $0 + $1.tokens.count })))
            let pass = try model.forwardPass(
                collection.parallel, memory: collection.memory, precision: collection.precision)
            try collection.activations.writeSums(
                pass, windows: windows, spool: ImportanceSpool(journal), to: path
            ) { [progress] in progress(.fraction($0)) }
            progress(.times(model: Provenance.lastComponent(model.path), pass.times))
        }
        return []
    }

    /// Writes the importance matrix of all windows.
    ///
    /// - Parameters:
    ///   - parts: All parts, as they were collected.
    ///   - output: The file of importance.
    /// - Returns: the importance matrix.
    package func finish(_ parts: CollectedParts, output: String) throws -> ImportanceMatrix {
        try OutputFile.check(output, inputs: model.inputFiles + texts.compactMap(\.path))
        var matrix = try collection.activations.joined(
            parts.paths, plan: model.plan, texts: texts, windowCount: parts.plan.unitCount
        ) { PlanError(.unusable(part: $0 + 1, .damaged), path: parts.paths[$0]) }
        (matrix.model, matrix.manifest) = (
            try model.signature(), try collection.activations.manifest(model, texts)
        )
        try matrix.write(to: output, form: collection.form)
        return matrix
    }
}
