import Calibration
import ModelArchitecture
import Models
import Parallelism
import Recipes
import Runtime
import Tensors
import WeightEncoding

extension TextFitting {
    /// Encodes a model's matrices.
    ///
    /// - Parameters:
    ///   - folder: where parts have left what they did; nil for the folder beside the output.
    ///   - kept: tensors that an earlier run with the same inputs has encoded; they are not encoded again, and layers
    ///     behind the last that lacks one are not run.
    /// - Returns: the model's tensors, those that are encoded in their types, and what holds them until they are written.
    func run(
        _ model: Model, assignments: [TypeAssignment], guidance: EncodingGuidance, output: String,
        folder: String? = nil, kept: KeptTensors = KeptTensors(), isRestarting: Bool = false, parallel: Parallel,
        progress: @escaping ProgressHandler
    ) throws -> (tensors: OverlayTensors, spool: CalibrationSpool) {
        let sequences = try texts.windows(model).fitting.map(\.tokens)
        let targets = assignments.map(\.tensor)
        let work = CalibrationWork(targets, kept: kept, layerCount: model.plan.layerCount)
        let original = try model.forwardPass(parallel, memory: memory)
        try checkMemory(original, targets, sequences, threadCount: parallel.threadCount)
        let spool = try CalibrationSpool(
            output: output, folder: folder, identity: identity(of: model, targets, guidance),
            isRestarting: isRestarting)
        var overlay = OverlayTensors(model.tensors)
        try encodeEmbedding(targets, guidance, kept, parallel, in: &overlay)
        guard let lastLayer = work.lastLayer else { return (overlay, spool) }

        if !work.taken.isEmpty {
            let count = work.taken.count
            let all = count + work.layers.count
            progress(.note("\(count) of \(all) calibrated tensors are in the parts that are kept"))
        }
        progress(.stage(.calibrating))
        let meter = MatrixMeter(targets, layerCount: model.plan.layerCount, lastLayer: lastLayer, progress: progress)
        let calibrator = LayerCalibrator(
            source: model.tensors, targets: targets, policy: policy, parallel: parallel,
            onMatrix: { meter.add($0, weightCount: $1) }
        ) { layer, tensors, original, quantized in
            try spool.append(layer: layer, tensors)
            try spool.saveStates(after: layer, original, quantized)
        }
        var known = OverlayTensors(model.tensors)
        for index in work.taken.values { _ = kept.restore(index, as: targets[index], in: &known) }
        let found = try spool.loadStates(
            rowCount: sequences.reduce(0) { $0 + $1.count }, columns: model.plan.embeddingLength
        ) { layer in try spool.holds(work.indices(ofLayer: layer), ofLayer: layer, targets) }
        let pass = try PairedPass(
            original, sequences: sequences,
            quantizer: CompletingCalibrator(calibrator, source: known, taken: work.taken, parallel: parallel),
            embedding: ForwardPass(
                plan: model.plan, source: overlay, path: model.path, parallel: parallel, memory: memory),
            states: found.map { ($0.original, $0.quantized) })
        let firstLayer = (found?.layer ?? -1) + 1
        for layer in 0..<max(0, firstLayer) { meter.finish(layer: layer) }
        for layer in stride(from: firstLayer, through: lastLayer, by: 1) {
            progress(.part(.layer(layer, count: model.plan.layerCount)))
            try pass.run(layer: layer)
            meter.finish(layer: layer)
        }
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

    /// Encodes the embedding, which the quantized model's states begin with.
    func encodeEmbedding(
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
