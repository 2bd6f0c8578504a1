import Calibration
import Journals
import Models
import Parallelism
import Recipes
import Runtime
import Tensors
import WeightEncoding

extension TextFitting {
    /// Encodes a share of the matrices of all layers, side by side with the processes that encode the others.
    ///
    /// The output matrix, and what has no inputs, is left to whoever writes the model.
    ///
    /// - Parameters:
    ///   - shares: The shares, and those that this process begins with.
    ///   - folder: The folder that all processes share; the folder around it must exist.
    /// - Returns: the digests of all layers' tensors, which are the same for every share.
    func run(
        _ shares: CalibrationShares, of model: Model, targets: [TensorDescriptor], guidance: EncodingGuidance,
        in folder: String, parallel: Parallel, progress: @escaping ProgressHandler
    ) throws -> [String] {
        let sequences = try texts.windows(model).fitting.map(\.tokens)
        let layerCount = model.plan.layerCount
        let work = CalibrationWork(targets, kept: KeptTensors(), layerCount: layerCount)
        let original = try model.forwardPass(parallel, memory: memory)
        try checkMemory(original, targets, sequences, threadCount: parallel.threadCount)
        let spool = try CalibrationSpool(shared: folder, identity: identity(of: model, targets, guidance))
        guard let lastLayer = work.lastLayer else { return [] }

        progress(.stage(.calibrating))
        let meter = MatrixMeter(targets, layerCount: layerCount, lastLayer: lastLayer, progress: progress)
        let calibrator = LayerCalibrator(
            source: model.tensors, targets: targets, policy: policy, parallel: parallel,
            onMatrix: { meter.add($0, weightCount: $1) }
        ) { layer, tensors, original, quantized in
            try spool.append(layer: layer, tensors)
            try spool.saveStates(after: layer, original, quantized)
        }
        let found = try spool.loadStates(
            rowCount: sequences.reduce(0) { $0 + $1.count }, columns: model.plan.embeddingLength
        ) { layer in try spool.holds(work.indices(ofLayer: layer), ofLayer: layer, targets) }
        let firstLayer = (found?.layer ?? -1) + 1
        if firstLayer <= lastLayer {
            var overlay = OverlayTensors(model.tensors)
            if found == nil { try encodeEmbedding(targets, guidance, KeptTensors(), parallel, in: &overlay) }
            let pass = try PairedPass(
                original, sequences: sequences,
                quantizer: SharedCalibrator(calibrator, spool: spool, shares: shares),
                embedding: ForwardPass(
                    plan: model.plan, source: overlay, path: model.path, parallel: parallel, memory: memory),
                states: found.map { ($0.original, $0.quantized) })
            for layer in 0..<firstLayer { meter.finish(layer: layer) }
            for layer in firstLayer...lastLayer {
                progress(.part(.layer(layer, count: layerCount)))
                try pass.run(layer: layer)
                meter.finish(layer: layer)
            }
        }
        if let warning = policy.warning(rareCount: calibrator.rareCount) { progress(.warning(warning)) }
        let digests = try Self.digests(through: lastLayer, spool)
        guard !digests.contains("") else { throw JournalError(.damaged, folder: folder) }
        return digests
    }

    /// The digests of all layers' tensors that shares have left; empty ones of layers that are not there.
    func digests(
        of model: Model, targets: [TensorDescriptor], guidance: EncodingGuidance, in folder: String
    ) throws -> [String] {
        let work = CalibrationWork(targets, kept: KeptTensors(), layerCount: model.plan.layerCount)
        let spool = try CalibrationSpool(shared: folder, identity: identity(of: model, targets, guidance))
        return try work.lastLayer.map { try Self.digests(through: $0, spool) } ?? []
    }

    private static func digests(through lastLayer: Int, _ spool: CalibrationSpool) throws -> [String] {
        try (0...lastLayer).map { try spool.digest(ofLayer: $0) ?? "" }
    }
}
