import BlockFormats
import ErrorFeedback
import ModelArchitecture
import Numerics
import Parallelism
import Runtime
import Tensors
import WeightEncoding

/// Quantizes matrices with error feedback as a pass of two models comes to them, and keeps a layer's bytes until it ends.
package final class LayerCalibrator: PassQuantizer {
    private let source: any TensorSource
    /// By tensor name: its place and what it becomes.
    private let targets: [String: (index: Int, tensor: TensorDescriptor)]
    private let policy: CalibrationPolicy
    private let parallel: Parallel
    private let onMatrix: (MatrixPlace, Int) -> Void
    private let onLayerEnd: (Int, [EncodedTensor], HiddenStates, HiddenStates) throws -> Void

    /// The tensors of the layer that is being calibrated, or of the output.
    package private(set) var encoded: [String: EncodedTensor] = [:]
    /// What a layer's experts have seen together.
    private var priors: [BlockInput: SecondMoments] = [:]
    /// Expert matrices of the whole run whose moments were mostly those of others.
    package private(set) var rareCount = 0

    /// Some columns of a matrix, one of the blocks that are fitted apart from each other.
    private struct ColumnBlock {
        let number: Int
        let columns: Range<Int>
    }

    /// A block of columns in all matrices of a site.
    private struct BlockInput: Hashable {
        let input: ActivationSite.Input
        let number: Int
    }

    /// - Parameters:
    ///   - source: The model's tensors.
    ///   - targets: What they become, in their order.
    ///   - policy: How matrices are encoded.
    ///   - parallel: The threads that share the work.
    ///   - onMatrix: Is told the matrix that has been encoded, or columns of it, and how many weights these are.
    ///   - onLayerEnd: Receives a layer's number, its encoded tensors, and the states behind it of both models.
    package init(
        source: any TensorSource, targets: [TensorDescriptor], policy: CalibrationPolicy, parallel: Parallel,
        onMatrix: @escaping (MatrixPlace, Int) -> Void = { _, _ in },
        onLayerEnd: @escaping (Int, [EncodedTensor], HiddenStates, HiddenStates) throws -> Void
    ) {
        self.source = source
        self.targets = Dictionary(uniqueKeysWithValues: targets.enumerated().map { ($1.name, ($0, $1)) })
        self.policy = policy
        self.parallel = parallel
        self.onMatrix = onMatrix
        self.onLayerEnd = onLayerEnd
    }

    /// The memory of a calibration, without that of the pass.
    ///
    /// - Parameters:
    ///   - targets: What all tensors of the model become.
    ///   - plan: The model.
    ///   - policy: How matrices are encoded.
    ///   - rowCount: The rows of the inputs of a site.
    ///   - threadCount: The threads that share the work.
    /// - Returns: what is held until a layer ends, and what a site needs beside it.
    package static func workingSet(
        _ targets: [TensorDescriptor], _ plan: DecoderPlan, _ policy: CalibrationPolicy, rowCount: Int, threadCount: Int
    ) -> (kept: WorkingSet, site: WorkingSet) {
        let calibrated = targets.compactMap { target in
            TensorName(gguf: target.name).map { (name: $0, tensor: target) }
        }.filter { CalibrationWork.isCalibrated($0.name, $0.tensor.type) }
        let layers = Dictionary(grouping: calibrated, by: \.name.layer).values.map {
            WorkingSet("encoded matrices", byteCount: $0.reduce(0) { $0 + $1.tensor.byteCount })
        }
        let inputs = plan.experts.map { _ in
            [TensorRole.expertsGate, .expertsDown].map { plan.dimensions(of: $0)[0] }
        }
        let priors = (inputs ?? []).flatMap(policy.columnBlocks.ranges).reduce(WorkingSet.none) {
            $0 + SecondMoments.workingSet("moments of all experts", columns: $1.count)
        }
        let groupLengths = Set(
            calibrated.compactMap { BlockFormats.codec(for: $0.tensor.type) as? any QuantizingCodec }.map {
                FeedbackEncoder.groupLength($0, policy.feedback(for: $0))
            })
        let shapes = Set(calibrated.map { [$0.tensor.shape.rowLength, $0.tensor.shape.matrixRowCount] })
        let sites = shapes.map { shape in
            let columns = policy.columnBlocks.ranges(of: shape[0]).map(\.count).max() ?? 0
            return siteWorkingSet(
                columns: columns, matrixRowCount: shape[1], groupLengths, rowCount: rowCount, threadCount: threadCount)
        }
        return (.largest(layers) + priors, .largest(sites))
    }

    /// The memory of a block of columns of one site's inputs, and of a matrix that multiplies them.
    private static func siteWorkingSet(
        columns: Int, matrixRowCount: Int, _ groupLengths: Set<Int>, rowCount: Int, threadCount: Int
    ) -> WorkingSet {
        let pair = PairedMoments.workingSet(columns: columns, rowCount: rowCount, threadCount: threadCount)
        let drawn = SecondMoments.workingSet("drawn moments", columns: columns)
        let metrics = groupLengths.map { FeedbackMetric.workingSet(columns: columns, groupLength: $0) }
        let kept = metrics.reduce(pair.kept + drawn) { $0 + $1.kept }
        let correction = DriftCorrection.workingSet(columns: columns, threadCount: threadCount)
        let encoder = FeedbackEncoder.workingSet(columns: columns, threadCount: threadCount)
        return .largest([
            pair.kept + pair.summing, metrics.reduce(kept + pair.factor) { $0 + $1.making },
            kept + pair.factor + pair.solving + correction.kept,
            kept + correction.kept + WorkingSet("weights", floatCount: matrixRowCount * columns)
                + .largest([correction.applying, encoder]),
        ])
    }

    package func quantize(_ site: ActivationSite, rows: PairedRows) throws {
        try quantize(site.places.map(whole), of: site, rows: rows)
    }

    /// Quantizes some of a site's matrices, or rows of them.
    func quantize(_ parts: [MatrixRows], of site: ActivationSite, rows: PairedRows) throws {
        let quantizing = parts.filter { codec(for: $0.place) is any QuantizingCodec }
        let isRouter = site.input == .router
        guard isRouter || !quantizing.isEmpty else { return }
        let blocks = policy.columnBlocks.ranges(of: rows.columns).enumerated().map {
            ColumnBlock(number: $0, columns: $1)
        }
        if !isRouter, isOfRareExpert(site, rowCount: rows.rowCount) { rareCount += 1 }
        for block in blocks {
            let pair = try PairedMoments(
                columns: block.columns.count, Self.rows(rows, block.columns), parallel: parallel)
            if isRouter {
                // All tokens of the layer: what its experts see together.
                priors[BlockInput(input: .experts, number: block.number)] = pair.moments
                try correctRouters(parts.filter { target($0.place).tensor.type == .f32 }, pair, block)
            } else {
                try encode(quantizing, pair, site, block)
            }
        }
    }

    // MARK: Parts in another order

    /// Forgets a layer's encoded tensors, and what its experts have seen.
    func forgetLayer() {
        encoded = [:]
        priors = [:]
    }

    /// Forgets what the layer's experts have seen together at their down matrices, to add it up again.
    func forgetHiddenUnits() { priors = priors.filter { $0.key.input != .expertsDown } }

    /// Adds what an expert sees at its down matrix to what the layer's experts see together, and encodes nothing.
    func observe(_ site: ActivationSite, rows: PairedRows) throws {
        for (number, columns) in policy.columnBlocks.ranges(of: rows.columns).enumerated() {
            let pair = try PairedMoments(
                columns: columns.count, Self.rows(rows, columns), includesDrift: false, parallel: parallel)
            add(pair.moments, to: BlockInput(input: site.input, number: number))
        }
    }

    /// The matrices of a site that are encoded with error feedback.
    func encodedMatrices(of site: ActivationSite) -> [MatrixRows] {
        site.places.filter { codec(for: $0) is any QuantizingCodec }.map(whole)
    }

    /// The bytes of encoded rows.
    func bytes(of part: MatrixRows) -> ArraySlice<UInt8>? {
        let tensor = target(part.place).tensor
        return encoded[tensor.name].map { $0.bytes[part.byteRange(in: tensor)] }
    }

    /// The size of encoded rows in bytes.
    func byteCount(of part: MatrixRows) -> Int { part.byteRange(in: target(part.place).tensor).count }

    /// Takes rows that another process has encoded.
    func take(_ bytes: [UInt8], for part: MatrixRows) {
        held(part.place).bytes.replaceSubrange(part.byteRange(in: target(part.place).tensor), with: bytes)
    }

    /// All rows of a matrix.
    func whole(_ place: MatrixPlace) -> MatrixRows {
        MatrixRows(place: place, rows: 0..<target(place).tensor.shape.matrixRowCount)
    }

    /// The tensor that a matrix is encoded to.
    private func held(_ place: MatrixPlace) -> EncodedTensor {
        let (index, tensor) = target(place)
        let held = encoded[tensor.name] ?? EncodedTensor(tensor, of: source, index)
        encoded[tensor.name] = held
        return held
    }

    private static func rows(_ rows: PairedRows, _ columns: Range<Int>) -> PairedMoments.Rows {
        PairedMoments.Rows(
            inputs: rows.inputs + columns.lowerBound, references: rows.references + columns.lowerBound,
            weights: rows.weights, count: rows.rowCount, stride: rows.columns)
    }

    // MARK: Encoding

    /// Encodes a block of columns of matrices that multiply the same inputs.
    private func encode(
        _ quantizing: [MatrixRows], _ pair: PairedMoments, _ site: ActivationSite, _ block: ColumnBlock
    ) throws {
        let moments = drawn(pair.moments, BlockInput(input: site.input, number: block.number))
        let encoders = quantizing.compactMap { part -> (part: MatrixRows, codec: any QuantizingCodec)? in
            (codec(for: part.place) as? any QuantizingCodec).map { (part, $0) }
        }
        let (metrics, correction) = try factors(
            pair, moments, groupLengths: encoders.map { FeedbackEncoder.groupLength($0.codec, feedback($0.codec)) })
        for (number, (part, codec)) in encoders.enumerated() {
            let encoder = FeedbackEncoder(codec: codec, metric: metrics[number], policy: feedback(codec))
            try replace(block.columns, of: part, correction) {
                try encoder.encode($0, rowCount: part.rows.count, into: $1, parallel: parallel)
            }
            onMatrix(part.place, part.rows.count * block.columns.count)
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

    package func decode(_ place: MatrixPlace, into values: UnsafeMutablePointer<Float>) throws {
        let (index, tensor) = target(place)
        guard let held = encoded[tensor.name] else {
            return try source.matrices(index).decode(of: place.expert, into: values, parallel: parallel)
        }
        do {
            try held.matrices(0).decode(of: place.expert, into: values, parallel: parallel)
        } catch let weight as NonFiniteWeight {
            let found = EncodingError.Kind.weightOutOfRange(
                row: weight.origin.row, column: weight.column, value: weight.value, type: tensor.type)
            throw EncodingError(found, file: weight.origin.file, tensor: weight.origin.tensor)
        }
    }

    package func endLayer(_ layer: Int, original: HiddenStates, quantized: HiddenStates) throws {
        try onLayerEnd(layer, encoded.values.sorted { $0.index < $1.index }, original, quantized)
        forgetLayer()
    }

    // MARK: Parts

    /// Whether a site's moments are mostly those of other experts.
    private func isOfRareExpert(_ site: ActivationSite, rowCount: Int) -> Bool {
        site.isOfExpert && Float(rowCount) < policy.priorRowCount
    }

    /// An expert's moments with those of the others, as far as it saw little.
    private func drawn(_ moments: SecondMoments, _ block: BlockInput) -> SecondMoments {
        guard block.input == .experts || block.input == .expertsDown else { return moments }
        defer { if block.input == .expertsDown { add(moments, to: block) } }
        return moments.drawn(towardLayer: priors[block], policy)
    }

    private func add(_ moments: SecondMoments, to block: BlockInput) {
        if priors[block] == nil {
            priors[block] = moments
        } else {
            priors[block]?.add(moments)
        }
    }

    /// Makes routers, which stay in single precision, answer to their inputs as they did to the original's.
    private func correctRouters(_ routers: [MatrixRows], _ pair: PairedMoments, _ block: ColumnBlock) throws {
        let correction = try pair.factor(damping: policy.routerDamping).map {
            try pair.correction($0, parallel: parallel)
        }
        for router in routers {
            try replace(block.columns, of: router, correction) { values, target in
                target.copyMemory(from: values, byteCount: 4 * router.rows.count * block.columns.count)
            }
        }
    }

    /// Puts what some columns of a matrix's rows become, once they are corrected, in their place.
    ///
    /// - Parameter encode: gets the columns' rows after each other, and room for what they become.
    private func replace(
        _ columns: Range<Int>, of part: MatrixRows, _ correction: DriftCorrection?,
        by encode: (UnsafePointer<Float>, UnsafeMutableRawPointer) throws -> Void
    ) throws {
        let (index, tensor) = target(part.place)
        let rowCount = part.rows.count
        var values = [Float](repeating: 0, count: rowCount * columns.count)
        let held = held(part.place)
        try values.withUnsafeMutableBufferPointer { values in
            let base = values.baseAddress!
            try source.matrices(index).decode(
                rows: part.rows, columns: columns, of: part.place.expert, into: base, parallel: parallel)
            try correction?.apply(to: base, rowCount: rowCount, share: policy.driftShare, parallel: parallel)
            try held.bytes.withUnsafeMutableBytes { bytes in
                let target = bytes.baseAddress! + part.byteRange(in: tensor).lowerBound
                try tensor.write(columns, ofRows: rowCount, at: target) { try encode(base, $0) }
            }
        }
    }

    private func target(_ place: MatrixPlace) -> (index: Int, tensor: TensorDescriptor) {
        targets[TensorName(place.role, layer: place.layer).gguf]!
    }

    private func codec(for place: MatrixPlace) -> (any BlockCodec)? {
        BlockFormats.codec(for: target(place).tensor.type)
    }
}
