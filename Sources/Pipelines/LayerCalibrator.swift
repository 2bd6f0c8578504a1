import BlockFormats
import ErrorFeedback
import ModelArchitecture
import Runtime
import TensorCore

/// Quantizes matrices with error feedback as a pass of two models comes to them, and keeps a layer's bytes until it ends.
final class LayerCalibrator: PassQuantizer {
    private let source: any TensorSource
    /// By tensor name: its place and what it becomes.
    private let targets: [String: (index: Int, tensor: TensorDescriptor)]
    private let policy: CalibrationPolicy
    private let parallel: Parallel
    private let onLayerEnd: (Int, [EncodedTensor], HiddenStates, HiddenStates) throws -> Void

    /// Of the layer that is being calibrated, or of the output.
    private(set) var encoded: [String: EncodedTensor] = [:]
    /// What a layer's experts have seen together, by site.
    private var priors: [ActivationSite.Input: SecondMoments] = [:]
    /// Expert matrices of the whole run whose moments were mostly those of others.
    private(set) var rareCount = 0

    /// A tensor's encoded bytes.
    final class EncodedTensor {
        let index: Int
        let tensor: TensorDescriptor
        var bytes: [UInt8]

        init(index: Int, tensor: TensorDescriptor) {
            self.index = index
            self.tensor = tensor
            bytes = [UInt8](repeating: 0, count: tensor.byteCount)
        }
    }

    init(
        source: any TensorSource, targets: [TensorDescriptor], policy: CalibrationPolicy, parallel: Parallel,
        onLayerEnd: @escaping (Int, [EncodedTensor], HiddenStates, HiddenStates) throws -> Void
    ) {
        self.source = source
        self.targets = Dictionary(uniqueKeysWithValues: targets.enumerated().map { ($1.name, ($0, $1)) })
        self.policy = policy
        self.parallel = parallel
        self.onLayerEnd = onLayerEnd
    }

    func quantize(_ places: [MatrixPlace], site: ActivationSite, rows: PairedRows) throws {
        let quantizing = places.filter { codec(for: $0) is any QuantizingCodec }
        let isRouter = site.input == .router
        guard isRouter || !quantizing.isEmpty else { return }
        let pair = try PairedMoments(
            columns: rows.columns, inputs: rows.inputs, references: rows.references, rowCount: rows.rowCount,
            parallel: parallel)
        if isRouter {
            // All tokens of the layer: what its experts see together.
            priors[.experts] = pair.moments
            let correction = try pair.factor(damping: policy.routerDamping).map {
                try pair.correction($0, parallel: parallel)
            }
            for place in places where target(place).tensor.type == .f32 { try correctRouter(place, correction) }
            return
        }
        let moments = try drawn(pair.moments, site: site)
        let encoders = quantizing.compactMap { place -> (place: MatrixPlace, codec: any QuantizingCodec)? in
            (codec(for: place) as? any QuantizingCodec).map { (place, $0) }
        }
        let (metrics, correction) = try factors(
            pair, moments, groupLengths: encoders.map { FeedbackEncoder.groupLength($0.codec, feedback($0.codec)) })
        for (number, (place, codec)) in encoders.enumerated() {
            let encoder = FeedbackEncoder(codec: codec, metric: metrics[number], policy: feedback(codec))
            try encode(place, encoder, correction)
        }
    }

    /// The metric of each group length, and the correction; made at the same time, since each is the work of one thread.
    private func factors(
        _ pair: PairedMoments, _ moments: SecondMoments, groupLengths: [Int]
    ) throws -> (metrics: [FeedbackMetric], correction: DriftCorrection?) {
        let lengths = Set(groupLengths).sorted()
        let metrics = ResultTable<FeedbackMetric?>(repeating: nil, count: lengths.count)
        let factor = ResultTable<PairedMoments.Factor?>(repeating: nil, count: 1)
        let policy = policy
        try parallel.forEach(1 + lengths.count) { piece, _ in
            if piece == 0 {
                factor[0] = pair.factor(damping: policy.driftDamping)
            } else {
                metrics[piece - 1] = FeedbackMetric(
                    moments, damping: policy.feedback.damping, groupLength: lengths[piece - 1])
            }
        }
        let found = Dictionary(uniqueKeysWithValues: zip(lengths, metrics.values.compactMap { $0 }))
        return (
            groupLengths.compactMap { found[$0] }, try factor[0].map { try pair.correction($0, parallel: parallel) }
        )
    }

    private func feedback(_ codec: any QuantizingCodec) -> FeedbackPolicy { policy.feedback(for: codec) }

    func decode(_ place: MatrixPlace, into values: UnsafeMutablePointer<Float>) throws {
        let (index, tensor) = target(place)
        let shape = matrixShape(tensor)
        guard let held = encoded[tensor.name] else {
            return try readOriginal(index, rows: rows(of: place, shape), into: values)
        }
        let rowByteCount = tensor.rowByteCount
        guard let codec = BlockFormats.codec(for: tensor.type) else { return }
        let output = Values(base: values)
        try held.bytes.withUnsafeBytes { bytes in
            let start = bytes.baseAddress! + rows(of: place, shape).lowerBound * rowByteCount
            let source = Bytes(base: start)
            try parallel.forEachRange(shape.rows, length: 64) { range, _ in
                codec.decode(
                    source.base + range.lowerBound * rowByteCount, count: range.count * shape.columns,
                    into: output.base + range.lowerBound * shape.columns)
            }
        }
    }

    func endLayer(_ layer: Int, original: HiddenStates, quantized: HiddenStates) throws {
        try onLayerEnd(layer, encoded.values.sorted { $0.index < $1.index }, original, quantized)
        encoded = [:]
        priors = [:]
    }

    // MARK: Parts

    private struct Values: @unchecked Sendable {
        let base: UnsafeMutablePointer<Float>
    }

    private struct Bytes: @unchecked Sendable {
        let base: UnsafeRawPointer
    }

    /// An expert's moments with those of the others, as far as it saw little.
    private func drawn(_ moments: SecondMoments, site: ActivationSite) throws -> SecondMoments {
        guard site.isOfExpert else { return moments }
        if Float(moments.rowCount) < policy.priorRowCount { rareCount += 1 }
        defer {
            if site.input == .expertsDown {
                if priors[.expertsDown] == nil {
                    priors[.expertsDown] = moments
                } else {
                    priors[.expertsDown]?.add(moments)
                }
            }
        }
        return moments.drawn(towardLayer: priors[site.input], policy)
    }

    private func encode(_ place: MatrixPlace, _ encoder: FeedbackEncoder, _ correction: DriftCorrection?) throws {
        let (index, tensor) = target(place)
        let shape = matrixShape(tensor)
        let range = rows(of: place, shape)
        var values = [Float](repeating: 0, count: shape.rows * shape.columns)
        let held = encoded[tensor.name] ?? EncodedTensor(index: index, tensor: tensor)
        encoded[tensor.name] = held
        try values.withUnsafeMutableBufferPointer { values in
            let base = values.baseAddress!
            try readOriginal(index, rows: range, into: base)
            try correction?.apply(to: base, rowCount: shape.rows, share: policy.driftShare, parallel: parallel)
            try held.bytes.withUnsafeMutableBytes {
                try encoder.encode(
                    base, rowCount: shape.rows, into: $0.baseAddress! + range.lowerBound * tensor.rowByteCount,
                    parallel: parallel)
            }
        }
    }

    /// Makes a router answer to its inputs as it did to the original's.
    private func correctRouter(_ place: MatrixPlace, _ correction: DriftCorrection?) throws {
        guard let correction else { return }
        let (index, tensor) = target(place)
        let shape = matrixShape(tensor)
        let held = EncodedTensor(index: index, tensor: tensor)
        var values = [Float](repeating: 0, count: shape.rows * shape.columns)
        try values.withUnsafeMutableBufferPointer {
            try readOriginal(index, rows: 0..<shape.rows, into: $0.baseAddress!)
            try correction.apply(
                to: $0.baseAddress!, rowCount: shape.rows, share: policy.driftShare, parallel: parallel)
        }
        held.bytes = values.withUnsafeBytes { Array($0) }
        encoded[tensor.name] = held
    }

    private func target(_ place: MatrixPlace) -> (index: Int, tensor: TensorDescriptor) {
        targets[TensorName(place.role, layer: place.layer).gguf]!
    }

    private func codec(for place: MatrixPlace) -> (any BlockCodec)? {
        BlockFormats.codec(for: target(place).tensor.type)
    }

    private func matrixShape(_ tensor: TensorDescriptor) -> (columns: Int, rows: Int) {
        let dimensions = tensor.shape.dimensions
        return (dimensions[0], dimensions.count > 1 ? dimensions[1] : 1)
    }

    private func rows(of place: MatrixPlace, _ shape: (columns: Int, rows: Int)) -> Range<Int> {
        place.expert * shape.rows..<(place.expert + 1) * shape.rows
    }

    /// The original's values of some rows.
    private func readOriginal(_ index: Int, rows: Range<Int>, into values: UnsafeMutablePointer<Float>) throws {
        let stored = source.tensors[index]
        guard let codec = BlockFormats.codec(for: stored.type) else {
            throw PipelineError(.unsupportedType(stored.type), tensor: stored.name)
        }
        let target = Values(base: values)
        let columns = stored.shape.rowLength
        try parallel.forEachRange(rows.count, length: max(1, (1 << 16) / columns)) { [source] range, _ in
            try withUnsafeTemporaryAllocation(byteCount: range.count * stored.rowByteCount, alignment: 64) { bytes in
                let first = rows.lowerBound + range.lowerBound
                try source.readRows(ofTensorAt: index, rows: first..<first + range.count, into: bytes)
                codec.decode(
                    bytes.baseAddress!, count: range.count * columns, into: target.base + range.lowerBound * columns)
            }
        }
    }
}
