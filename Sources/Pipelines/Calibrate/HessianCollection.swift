import Calibration
import ErrorFeedback
import Evaluation
import Hessians
import Importance
import ModelArchitecture
import Models
import Numerics
import Parallelism
import Runtime
import Synchronization

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
    /// - Parameters:
    ///   - model: The model.
    ///   - texts: At least one text.
    ///   - output: The file of second moments.
    ///   - importanceOutput: Where to write the importance matrix of the same run; nil for none.
    ///   - progress: Receives what the work tells, from any thread.
    /// - Returns: the importance matrix.
    /// - Throws: `CalibrationError` if there is no text or too little memory, `EvaluationError` for texts that cannot be cut,
    ///   and errors of reading and writing.
    public func run(
        _ model: Model, texts: [EvaluationText], output: String, importanceOutput: String? = nil,
        progress: @escaping ProgressHandler
    ) throws -> ImportanceMatrix {
        guard !texts.isEmpty else { throw CalibrationError(.noTexts) }
        let plan = model.plan
        try activations.cut.check(contextLimit: plan.contextLength)
        let windows = try texts.flatMap {
            try TokenWindows($0, tokenizer: model.tokenizer, cut: activations.cut).windows
        }
        let origin = HessianOrigin(
            model: model.name, signature: try model.signature(), datasets: texts.map(\.name), chunkCount: windows.count,
            chunkSize: activations.cut.context)
        let inputs = model.inputFiles + texts.compactMap(\.path)
        try OutputFile.check(
            output, inputs: inputs,
            expectedByteCount: HessianWriter.byteCount(plan: plan, blocks: columnBlocks, origin: origin))
        if let importanceOutput { try OutputFile.check(importanceOutput, inputs: inputs) }
        let pass = try model.forwardPass(parallel, memory: memory)
        try checkMemory(pass, windowCount: windows.count)

        progress(.stage(.collectingSecondMoments))
        let sink = try HessianSink(HessianWriter(path: output, plan: plan, blocks: columnBlocks, origin: origin))
        let wanted = Set(HessianSite.all(of: plan, columnBlocks).map(\.site))
        let collector = HessianCollector(
            parallel: parallel, observes: wanted.contains, blocks: columnBlocks.ranges, receive: sink.receive)
        var matrix = try activations.hessian(
            pass, windows: windows, texts: texts, collector: collector, layerEnd: sink.check
        ) { progress(.fraction($0)) }
        progress(.times(model: model.name, pass.times))
        try sink.finish()
        matrix.model = origin.signature
        if let importanceOutput { try matrix.write(to: importanceOutput, form: form) }
        return matrix
    }

    private func checkMemory(_ pass: ForwardPass, windowCount: Int) throws {
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

/// Writes the sites as they come, and keeps the first error until somebody asks.
private final class HessianSink: Sendable {
    private struct State: ~Copyable {
        var writer: HessianWriter
        var failure: (any Error)?
    }

    private let state: Mutex<State>

    init(_ writer: consuming sending HessianWriter) { state = Mutex(State(writer: writer)) }

    @Sendable func receive(_ site: ActivationSite, block: Int, _ moments: SecondMoments) {
        state.withLock { state in
            guard state.failure == nil else { return }
            do { try state.writer.append(site, block: block, moments) } catch { state.failure = error }
        }
    }

    func check() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func finish() throws {
        try check()
        try state.withLock { try $0.writer.finish() }
    }
}
