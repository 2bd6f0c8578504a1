import Calibration
import Evaluation
import Hessians
import Importance
import Journals
import Models
import Numerics
import Parts

/// The collection of second moments, divided by the inputs whose moments they are: each part runs the model as far as the last
/// of its own, over all windows, and has their moments as they will be in the file.
package struct PartedHessian: PartedWork {
    package let unit = PartUnit.sites
    package var processor: String? { BLAS.coreName }
    private let collection: HessianCollection
    private let model: Model
    private let texts: [EvaluationText]
    private let windows: [EvaluationWindow]
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
        _ collection: HessianCollection, _ model: Model, texts: [EvaluationText], progress: @escaping ProgressHandler
    ) throws {
        guard !texts.isEmpty else { throw CalibrationError(.noTexts) }
        self.collection = collection
        self.model = model
        self.texts = texts
        self.progress = progress
        windows = try collection.activations.windows(
            of: texts, model.tokenizer, contextLimit: model.plan.contextLength)
    }

    package var units: [WorkUnit] {
        let tokenCount = Double(windows.reduce(0) { $0 + $1.tokens.count })
        return HessianUnit.all(of: model.plan, collection.columnBlocks).map {
            WorkUnit($0.name, cost: tokenCount * $0.cost, before: tokenCount * $0.costBefore)
        }
    }

    package var identity: RunIdentity {
        get throws {
            var identity = RunIdentity()
            identity.add("the kind of work", "second moments")
            try identity.add("the model", [model])
            identity.add(texts)
            identity.add("the windows of the texts", windows)
            identity.add("whether the output matrix is included", collection.activations.includesOutput)
            identity.add("the blocks of wide inputs", collection.columnBlocks.greatestWidth)
            return identity
        }
    }

    package func run(
        _ number: Int, of plan: PartPlan, in folder: PartFolder, isRestarting: Bool
    ) throws -> [String] {
        let (path, range) = (folder.file(ofPart: number), plan.parts[number - 1].range)
        var runIdentity = try collection.identity(model, texts, windows, nil)
        runIdentity.add("the sites of the part", "\(range)")
        let journal = try Journal(output: path, identity: runIdentity, isRestarting: isRestarting) {
            [progress] in progress(.note($0))
        }
        let pass = try model.forwardPass(collection.parallel, memory: collection.memory)
        try collection.checkMemory(pass, windowCount: windows.count)
        try Journal.perform(journal) {
            progress(.stage(.collectingSecondMoments))
            let layout = try HessianLayout(model.plan, collection.columnBlocks, path: path)
            try collection.activations.writeMoments(
                of: HessianShare(range, of: model.plan), pass, windows: windows, blocks: collection.columnBlocks,
                parallel: collection.parallel, spool: HessianSpool(journal, layout), to: path
            ) { [progress] in progress(.fraction($0)) }
            progress(.times(model: Provenance.lastComponent(model.path), pass.times))
        }
        return []
    }

    /// Writes the second moments of all parts.
    ///
    /// - Parameters:
    ///   - parts: All parts, as they were collected.
    ///   - output: The file of second moments.
    ///   - importanceOutput: Where to write the importance matrix of the same inputs; nil for none.
    /// - Returns: the importance matrix.
    package func finish(
        _ parts: CollectedParts, output: String, importanceOutput: String?
    ) throws -> ImportanceMatrix {
        let origin = try collection.origin(model, texts, windows)
        let (plan, blocks) = (model.plan, collection.columnBlocks)
        let inputs = model.inputFiles + texts.compactMap(\.path)
        try OutputFile.check(
            output, inputs: inputs,
            expectedByteCount: HessianWriter.byteCount(plan: plan, blocks: blocks, origin: origin))
        if let importanceOutput { try OutputFile.check(importanceOutput, inputs: inputs) }
        progress(.stage(.writing(path: output)))
        var matrix = try collection.activations.joinMoments(
            parts.paths, to: HessianWriter(path: output, plan: plan, blocks: blocks, origin: origin),
            HessianLayout(plan, blocks, path: output), plan: plan, texts: texts, windowCount: windows.count
        ) { PlanError(.unusable(part: $0 + 1, .damaged), path: parts.paths[$0]) }
        (matrix.model, matrix.manifest) = (origin.signature, origin.manifest)
        if let importanceOutput { try matrix.write(to: importanceOutput, form: collection.form) }
        return matrix
    }
}
