import Calibration
import ErrorFeedback
import Evaluation
import Hessians
import Importance
import Journals
import ModelArchitecture
import Models
import Numerics
import Parallelism
import Runtime

/// Collects second moments of the inputs of a model's matrices over texts and writes them.
///
/// All windows go through the layers together, and each site is written when its stage has ended: memory holds the states
/// of all windows, the inputs of a stage and the products of one site, and never the file.
public struct HessianCollection: Sendable {
    /// How texts are cut, and what is collected.
    public var activations: ActivationCollection
    /// The form of the file of importance.
    public var form: ImportanceMatrix.Form
    /// How wide inputs are cut.
    public var columnBlocks: ColumnBlocks
    /// The threads that share the work.
    public var parallel: Parallel
    /// What the process may use.
    public var memory: MemoryBudget
    /// Whether what an earlier run has kept is removed, and the work begins anew.
    public var isRestarting = false

    /// A collection of second moments.
    ///
    /// - Parameters:
    ///   - activations: How texts are cut, and what is collected.
    ///   - form: The form of the file of importance.
    ///   - columnBlocks: How wide inputs are cut.
    ///   - parallel: The threads that share the work.
    ///   - memory: What the process may use.
    public init(
        _ activations: ActivationCollection, form: ImportanceMatrix.Form = .gguf,
        columnBlocks: ColumnBlocks = ColumnBlocks(),
        parallel: Parallel, memory: MemoryBudget = .available
    ) {
        self.activations = activations
        self.form = form
        self.columnBlocks = columnBlocks
        self.parallel = parallel
        self.memory = memory
    }

    /// Collects second moments and writes them.
    ///
    /// Until the file is there, layers that are done are kept in the folder `OUTPUT.work`, as large as the file in the end, and
    /// the next run goes on from there.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - texts: At least one text.
    ///   - output: The file of second moments.
    ///   - importanceOutput: Where to write the importance matrix of the same run; nil for none.
    ///   - progress: Receives what the work tells, from any thread.
    /// - Returns: the importance matrix.
    /// - Throws: `CalibrationError` if there is no text or too little memory, `EvaluationError` for texts that cannot be cut,
    ///   an error with what differs if the folder holds the work of another run, and errors of reading and writing.
    public func run(
        _ model: Model, texts: [EvaluationText], output: String, importanceOutput: String? = nil,
        progress: @escaping ProgressHandler
    ) throws -> ImportanceMatrix {
        guard !texts.isEmpty else { throw CalibrationError(.noTexts) }
        let plan = model.plan
        let windows = try activations.windows(of: texts, model.tokenizer, contextLimit: plan.contextLength)
        let origin = try origin(model, texts, windows)
        let inputs = model.inputFiles + texts.compactMap(\.path)
        try OutputFile.check(output, inputs: inputs)
        if let importanceOutput { try OutputFile.check(importanceOutput, inputs: inputs) }
        let journal = try Journal(
            output: output, identity: identity(model, texts, windows, importanceOutput), isRestarting: isRestarting
        ) { progress(.note($0)) }
        // What is kept takes as much room as the file, and may be there already.
        let byteCount = try HessianWriter.byteCount(plan: plan, blocks: columnBlocks, origin: origin)
        try OutputFile.check(
            output, inputs: inputs, expectedByteCount: max(0, 2 * min(byteCount, .max / 2) - journal.foundByteCount))
        let pass = try model.forwardPass(parallel, memory: memory)
        try checkMemory(pass, windowCount: windows.count)
        return try Journal.perform(journal) {
            progress(.stage(.collectingSecondMoments))
            let spool = HessianSpool(journal, try HessianLayout(plan, columnBlocks, path: output))
            var matrix = try activations.hessian(
                pass, windows: windows, texts: texts, blocks: columnBlocks, parallel: parallel, spool: spool
            ) { progress(.fraction($0)) }
            progress(.times(model: Provenance.lastComponent(model.path), pass.times))
            progress(.stage(.writing(path: output)))
            try spool.write(
                to: HessianWriter(path: output, plan: plan, blocks: columnBlocks, origin: origin),
                layerCount: plan.layerCount)
            (matrix.model, matrix.manifest) = (origin.signature, origin.manifest)
            if let importanceOutput { try matrix.write(to: importanceOutput, form: form) }
            return matrix
        }
    }

    /// What the file says of the model and the texts.
    func origin(_ model: Model, _ texts: [EvaluationText], _ windows: [EvaluationWindow]) throws -> HessianOrigin {
        HessianOrigin(
            model: model.name, signature: try model.signature(), datasets: texts.map(\.name), chunkCount: windows.count,
            chunkSize: activations.cut.context, manifest: try activations.manifest(model, texts))
    }

    func identity(
        _ model: Model, _ texts: [EvaluationText], _ windows: [EvaluationWindow], _ importanceOutput: String?
    ) throws -> RunIdentity {
        var identity = RunIdentity("second moments")
        try identity.add("the model", [model])
        identity.add(texts)
        identity.add("the windows of the texts", windows)
        identity.add("whether the output matrix is included", activations.includesOutput)
        identity.add("the blocks of wide inputs", columnBlocks.greatestWidth)
        identity.add("the form of the file of importance", importanceOutput == nil ? "none" : "\(form)")
        return identity
    }

    func checkMemory(_ pass: ForwardPass, windowCount: Int) throws {
        let context = activations.cut.context
        let sets = ActivationCollection.hessianWorkingSet(
            pass, BatchSize(tokenCount: windowCount * context, longestSequence: context),
            greatestWidth: HessianSite.all(of: pass.plan, columnBlocks).map(\.columns.count).max() ?? 0)
        try memory.demand(sets.fixed + windowCount * sets.window) {
            CalibrationError(
                .hessianTooLarge(
                    neededByteCount: $0, budgetByteCount: $1, windowCount: windowCount,
                    fittingCount: memory.count(of: sets.window, beside: sets.fixed)))
        }
    }
}
