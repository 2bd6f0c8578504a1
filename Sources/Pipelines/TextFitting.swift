import BlockFormats
import ErrorFeedback
import Evaluation
import FoundationEssentials
import ModelArchitecture
import Models
import Parallelism
import Recipes
import Runtime
import Tensors

/// Quantizes a model layer by layer while texts run through it, with error feedback.
///
/// Two models see the texts side by side: the original, and the one that is being quantized. Each matrix is encoded for the
/// inputs that it gets in the second, to answer what the first answers: its weights make up for what the quantized
/// layers before it changed (as in GPTAQ, arXiv 2504.02692), and errors of its columns are fed forward into later ones
/// (GPTQ, arXiv 2210.17323; LDLQ, arXiv 2307.13304). The states of all windows stay in memory. Matrices of more columns than
/// ``ColumnBlocks/greatestWidth`` are fitted one block of columns after the other.
public struct TextFitting: Sendable {
    /// The texts, of which windows that are held out are left to measure on.
    public var texts: CalibrationTexts
    /// How matrices are encoded.
    public var policy: CalibrationPolicy
    /// What the process may use.
    public var memory: MemoryBudget

    /// A fitting to texts.
    ///
    /// - Parameters:
    ///   - texts: The texts, of which windows that are held out are left to measure on.
    ///   - policy: How matrices are encoded.
    ///   - memory: What the process may use.
    public init(
        _ texts: CalibrationTexts, policy: CalibrationPolicy = CalibrationPolicy(), memory: MemoryBudget = .available
    ) {
        self.texts = texts
        self.policy = policy
        self.memory = memory
    }

    /// Encodes a model's matrices.
    ///
    /// - Parameter kept: tensors that an earlier run with the same inputs has encoded; they are not encoded again, and layers
    ///   behind the last that lacks one are not run.
    /// - Returns: the model's tensors, those that are encoded in their types, and what holds them until they are written.
    func run(
        _ model: Model, assignments: [TypeAssignment], guidance: EncodingGuidance, output: String,
        kept: KeptTensors = KeptTensors(), parallel: Parallel, progress: @escaping ProgressHandler
    ) throws -> (tensors: OverlayTensors, spool: CalibrationSpool) {
        let windows = try texts.windows(model).fitting
        let sequences = windows.map(\.tokens)
        let targets = assignments.map(\.tensor)
        let work = CalibrationWork(targets, kept: kept, layerCount: model.plan.layerCount)
        try checkMemory(model, tokenCount: sequences.reduce(0) { $0 + $1.count }, windowCount: windows.count)
        let spool = try CalibrationSpool(output: output, identity: identity(of: model, targets, guidance))
        var overlay = OverlayTensors(model.tensors)
        try encodeEmbedding(targets, guidance, kept, parallel, in: &overlay)
        guard let lastLayer = work.lastLayer else { return (overlay, spool) }

        if !work.taken.isEmpty {
            let count = work.taken.count
            let all = count + work.layers.count
            progress(.note("\(count) of \(all) calibrated tensors are in the parts that are kept"))
        }
        progress(.stage(.calibrating))
        let calibrator = LayerCalibrator(
            source: model.tensors, targets: targets, policy: policy, parallel: parallel
        ) { layer, tensors, original, quantized in
            try spool.append(layer: layer, tensors)
            try spool.saveStates(after: layer, original, quantized)
            progress(.fraction(Double(layer + 1) / Double(lastLayer + (work.includesOutput ? 2 : 1))))
        }
        var known = OverlayTensors(model.tensors)
        for index in work.taken.values { _ = kept.restore(index, as: targets[index], in: &known) }
        let found = try spool.loadStates(
            rowCount: sequences.reduce(0) { $0 + $1.count }, columns: model.plan.embeddingLength
        ) { layer in try spool.holds(work.indices(ofLayer: layer), ofLayer: layer, targets) }
        let pass = try PairedPass(
            model.forwardPass(parallel, memory: memory), sequences: sequences,
            quantizer: CompletingCalibrator(calibrator, source: known, taken: work.taken, parallel: parallel),
            embedding: ForwardPass(
                plan: model.plan, source: overlay, path: model.path, parallel: parallel, memory: memory),
            states: found.map { ($0.original, $0.quantized) })
        for layer in stride(from: (found?.layer ?? -1) + 1, through: lastLayer, by: 1) { try pass.run(layer: layer) }
        for layer in 0...lastLayer { try spool.restore(layer: layer, targets, in: &overlay) }
        if work.includesOutput {
            try pass.runOutput()
            for tensor in calibrator.encoded.values {
                overlay.replace(tensor.index, by: tensor.tensor, .memory(tensor.bytes))
            }
        }
        if let warning = policy.warning(rareCount: calibrator.rareCount) { progress(.warning(warning)) }
        return (overlay, spool)
    }

    private func checkMemory(_ model: Model, tokenCount: Int, windowCount: Int) throws {
        let shapes = model.tensors.tensors.map(\.shape)
        let cuts = Set(shapes.map(\.rowLength)).map { policy.columnBlocks.ranges(of: $0) }
        let width = cuts.joined().map(\.count).max() ?? model.plan.embeddingLength
        // Moments in float32 and the factors made of them in float64, and the largest matrices.
        var matrices = 40 * width * width + PairedMoments.roundedByteCount(columns: width)
        let parted = cuts.filter { $0.count > 1 }
        if let widest = parted.joined().map(\.count).max() {
            // What experts have seen together in the other blocks (at two sites), and a matrix in float32, which the square
            // of its own width no longer covers.
            let others = (parted.map(\.count).max() ?? 1) - 1
            let largest = shapes.map { $0.dimensions.prefix(2).reduce(1, *) }.max() ?? 0
            matrices += 8 * others * widest * widest + 4 * largest
        }
        let needed =
            MemoryBudget.heldByteCount + tokenCount * PairedPass.byteCountPerToken(model.plan) + matrices
        guard needed <= memory.byteCount else {
            throw PipelineError(
                .calibrationTooLarge(
                    neededByteCount: needed, budgetByteCount: memory.byteCount, windowCount: windowCount))
        }
    }

    /// Encodes the embedding, which the quantized model's states begin with.
    private func encodeEmbedding(
        _ targets: [TensorDescriptor], _ guidance: EncodingGuidance, _ kept: KeptTensors, _ parallel: Parallel,
        in overlay: inout OverlayTensors
    ) throws {
        guard let index = targets.firstIndex(where: { $0.name == TensorName(.tokenEmbedding).gguf }),
            targets[index].type.isQuantized
        else { return }
        let target = targets[index]
        guard !kept.restore(index, as: target, in: &overlay) else { return }
        var guidance = guidance
        guidance.policies[target.type] = policy.embedding
        let job = try EncodingJob(source: overlay, index: index, target: target, guidance: guidance)
        overlay.replace(index, by: target, .memory(try job.bytes(parallel: parallel)))
    }

    /// What decides the result, a line each: the content of all inputs, not their names or times.
    func identity(
        of model: Model, _ targets: [TensorDescriptor], _ guidance: EncodingGuidance
    ) throws -> String {
        let sequences = try texts.windows(model).fitting.map(\.tokens)
        let fileByteCount = try model.fileByteCount
        let names = texts.texts.map { "\($0.name) \(Fingerprint.of($0))" }
        let types = targets.map { "\($0.name) \($0.type.name)" }
        let policies = guidance.policies.map { "\($0.name) \($1)" }.sorted()
        let inputs = [
            SwageVersion.current, try Fingerprint.of(model), "\(fileByteCount) bytes",
            "tokens \(Fingerprint.of(sequences))", "importance \(guidance.importance.map(Fingerprint.of) ?? "none")",
            "\(texts.cut)", "\(texts.heldOutCount)", "\(policy)",
        ]
        return (inputs + policies + names + types).joined(separator: "\n")
    }
}
