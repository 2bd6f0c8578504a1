import BlockFormats
import ErrorFeedback
import ModelArchitecture
import Numerics
import Parallelism
import Runtime
import Tensors
import WeightEncoding

/// Measures how far types put the outputs of a model's matrices off, from samples of their rows and of their experts.
///
/// Errors are Σ E·H·Eᵀ over the sampled rows as a share of Σ W·H·Wᵀ, H = XᵀX of the matrix's inputs: of others than those
/// that the rows are encoded for, since what is fitted to few inputs is worse on others. Matrices wider than
/// `ColumnBlocks.greatestWidth` are fitted in blocks of columns; the first block stands for all.
package final class SensitivitySampling {
    private let plan: DecoderPlan
    private let source: any TensorSource
    private let types: [TensorType]
    private let policy: CalibrationPolicy
    private let parallel: Parallel
    private let wants: (String) -> Bool
    /// By tensor name.
    package private(set) var sums: [String: Sums] = [:]

    /// What has been summed over the samples of one tensor.
    package struct Sums {
        /// Σ W·H·Wᵀ.
        package var energy = 0.0
        /// Σ E·H·Eᵀ with error feedback, by type.
        package var fed: [TensorType: Double] = [:]
        /// Σ E·H·Eᵀ of the ``Probe`` types, encoded plainly.
        var probes: [Probe: Double] = [:]

        /// A probe's error as a share of the energy.
        package func error(_ probe: Probe) -> Double { energy > 0 ? (probes[probe] ?? 0) / energy : 0 }
    }

    /// Rows sampled of a matrix, and experts of a stack.
    private static let (rowLimit, expertLimit) = (32, 8)
    /// Tokens whose embeddings are sampled.
    private static let tokenLimit = 1024

    /// Samples of a model's matrices.
    ///
    /// - Parameters:
    ///   - plan: The model.
    ///   - source: The model's tensors.
    ///   - types: The types whose errors are measured.
    ///   - policy: How matrices are encoded.
    ///   - parallel: The threads that share the work.
    ///   - wants: Whether the errors in a tensor of this name are measured; of others only the energy is.
    package init(
        _ plan: DecoderPlan, source: any TensorSource, types: [TensorType], policy: CalibrationPolicy,
        parallel: Parallel, wants: @escaping (String) -> Bool = { _ in true }
    ) {
        self.plan = plan
        self.source = source
        self.types = types
        self.policy = policy
        self.parallel = parallel
        self.wants = wants
    }

    /// Types of little work that models are probed with.
    package enum Probe: CaseIterable {
        /// A type of errors large enough to be measured one matrix at a time.
        case coarse
        /// A type of the smallest errors that there are.
        case least

        package func type(rowLength: Int) -> TensorType {
            switch self {
            case .coarse: rowLength.isMultiple(of: 256) ? .q2_K : .q4_0
            case .least: .q8_0
            }
        }
    }

    /// Takes sums that an earlier run has kept in the place of its own.
    package func restore(_ sums: [String: Sums]) { self.sums = sums }

    /// Whether a site's matrices are in the sample.
    package static func samples(_ site: ActivationSite, expertCount: Int) -> Bool {
        guard site.isOfExpert, expertCount > expertLimit else { return site.input != .router }
        return (0..<expertLimit).contains { $0 * expertCount / expertLimit == site.expert }
    }

    /// The memory of a layer's sample.
    ///
    /// - Parameters:
    ///   - plan: The model.
    ///   - types: The types whose errors are measured.
    ///   - policy: How matrices are encoded.
    ///   - threadCount: The threads that share the work.
    /// - Returns: the moments of all its sites, over two sets of texts; and what one site needs beside them.
    package static func workingSet(
        _ plan: DecoderPlan, types: [TensorType], _ policy: CalibrationPolicy, threadCount: Int
    ) -> (moments: WorkingSet, site: WorkingSet) {
        let inputs: [ActivationSite.Input] = [
            .attention, .attentionOutput, .feedForward, .feedForwardDown, .experts, .expertsDown, .shared, .sharedDown,
        ]
        var moments = WorkingSet.none
        var widest = 0
        for input in inputs {
            let site = ActivationSite(layer: 0, input: input, expert: 0)
            let dimensions = plan.dimensions(of: site.roles[0])
            guard !dimensions.contains(0) else { continue }
            let columns = policy.columnBlocks.ranges(of: dimensions[0])[0].count
            let count = site.isOfExpert ? min(dimensions[2], expertLimit) : 1
            moments = moments + (2 * count) * SecondMoments.workingSet("second moments", columns: columns)
            widest = max(widest, columns)
        }
        let codecs = types.compactMap { BlockFormats.codec(for: $0) as? any QuantizingCodec }
        let metrics = Set(codecs.map { FeedbackEncoder.groupLength($0, policy.feedback(for: $0)) }).map {
            FeedbackMetric.workingSet(columns: widest, groupLength: $0)
        }
        let making = metrics.prefix(threadCount).reduce(WorkingSet.none) { $0 + $1.making }
        let encoding = threadCount * FeedbackEncoder.workingSet(columns: widest, threadCount: 1)
        return (moments, metrics.reduce(WorkingSet.none) { $0 + $1.kept } + .largest([making, encoding]))
    }

    /// Samples the matrices of some sites.
    ///
    /// - Parameters:
    ///   - fitted: of the inputs that rows are encoded for, or of their first block of columns.
    ///   - measured: of those that errors are measured on; an expert that saw none of them is left out, unless no expert did.
    package func add(
        _ fitted: [ActivationSite: SecondMoments], measuredOn measured: [ActivationSite: SecondMoments]
    ) throws {
        let sites = fitted.keys.sorted { ($0.layer, "\($0.input)", $0.expert) < ($1.layer, "\($1.input)", $1.expert) }
        let seen = Set(sites.filter { measured[$0] != nil }.map { "\($0.layer) \($0.input)" })
        for site in sites {
            guard let moments = fitted[site],
                let other = measured[site] ?? (seen.contains("\(site.layer) \(site.input)") ? nil : moments)
            else { continue }
            try add(site, moments, measuredOn: other)
        }
    }

    private func add(_ site: ActivationSite, _ moments: SecondMoments, measuredOn other: SecondMoments) throws {
        for role in site.roles {
            let isTied = role == .output && plan.tiesOutputToEmbedding
            let layer = role.isPerLayer ? site.layer : nil
            let name = TensorName(isTied ? .tokenEmbedding : role, layer: layer).gguf
            guard let index = source.tensors.firstIndex(where: { $0.name == name }) else { continue }
            let stack = try source.matrices(index)
            let count = min(stack.rows, Self.rowLimit)
            let values = try (0..<count).flatMap {
                let row = $0 * stack.rows / count
                return try stack.values(row..<row + 1, columns: 0..<moments.columns, of: site.expert)
            }
            var found = Sums()
            if wants(name) {
                found = try sums(of: values, rowLength: stack.columns, rowCount: count, moments, measuredOn: other)
            }
            found.energy = other.energy(of: values, rowCount: count)
            sums[name, default: Sums()].add(found)
        }
    }

    /// Samples the embeddings of the most frequent tokens, each as a share of its own square, since a norm follows.
    package func addEmbedding(of sequences: [TokenSequence]) throws {
        let name = TensorName(.tokenEmbedding).gguf
        guard !plan.tiesOutputToEmbedding,
            let index = source.tensors.firstIndex(where: { $0.name == name })
        else { return }
        var counts: [Int32: Int] = [:]
        for token in sequences.joined() { counts[token, default: 0] += 1 }
        let tokens = counts.sorted { ($0.value, -$0.key) > ($1.value, -$1.key) }.prefix(Self.tokenLimit)
        let stack = try source.matrices(index)
        let columns = stack.columns
        var result = Sums()
        for (token, count) in tokens {
            let values = try stack.values(Int(token)..<Int(token) + 1)
            let square = values.reduce(0) { $0 + Double($1) * Double($1) }
            guard square > 0 else { continue }
            let weight = Double(count)
            func error(_ type: TensorType, _ policy: EncodingPolicy?) -> Double {
                weight / square
                    * squaredError(values, rowCount: 1, type, policy) { errors in
                        (0..<columns).reduce(0) { $0 + Double(errors[$1]) * Double(errors[$1]) }
                    }
            }
            result.energy += weight
            guard wants(name) else { continue }
            for probe in Probe.allCases {
                result.probes[probe, default: 0] += error(probe.type(rowLength: columns), nil)
            }
            for type in storableTypes(rowLength: columns) {
                result.fed[type, default: 0] += error(type, policy.embedding)
            }
        }
        sums[name, default: Sums()].add(result)
    }

    // MARK: Parts

    private func storableTypes(rowLength: Int) -> [TensorType] {
        types.filter { rowLength.isMultiple(of: $0.blockLength) }
    }

    /// - Parameters:
    ///   - values: as many columns of each row as the moments have.
    ///   - rowLength: of whole rows, which decides what types there are.
    private func sums(
        of values: [Float], rowLength: Int, rowCount: Int, _ moments: SecondMoments, measuredOn other: SecondMoments
    ) throws -> Sums {
        var result = Sums()
        for probe in Probe.allCases {
            result.probes[probe] = squaredError(
                values, rowCount: rowCount, probe.type(rowLength: rowLength), nil
            ) {
                other.energy(of: $0, rowCount: rowCount)
            }
        }
        let types = storableTypes(rowLength: rowLength)
        let codecs = types.compactMap { BlockFormats.codec(for: $0) as? any QuantizingCodec }
        let lengths = Set(codecs.map { FeedbackEncoder.groupLength($0, policy.feedback(for: $0)) }).sorted()
        let metrics = ResultTable<FeedbackMetric?>(repeating: nil, count: lengths.count)
        try parallel.forEach(lengths.count) { [policy] number, _ in
            metrics[number] = FeedbackMetric(moments, damping: policy.feedback.damping, groupLength: lengths[number])
        }
        let errors = ResultTable(repeating: 0.0, count: codecs.count)
        try parallel.forEach(codecs.count) { [policy] number, _ in
            let codec = codecs[number]
            let feedback = policy.feedback(for: codec)
            let metric = metrics[lengths.firstIndex(of: FeedbackEncoder.groupLength(codec, feedback))!]!
            let encoder = FeedbackEncoder(codec: codec, metric: metric, policy: feedback)
            let rest = try Self.errors(values, codec) {
                try encoder.encode(values, rowCount: rowCount, into: $0, parallel: Parallel(threadCount: 1))
            }
            errors[number] = other.energy(of: rest, rowCount: rowCount)
        }
        for (codec, error) in zip(codecs, errors.values) { result.fed[codec.type] = error }
        return result
    }

    private func squaredError(
        _ values: [Float], rowCount: Int, _ type: TensorType, _ policy: EncodingPolicy?, _ energy: ([Float]) -> Double
    ) -> Double {
        let codec = policy.map { BlockFormats.codec(for: type, policy: $0) } ?? BlockFormats.codec(for: type)
        guard let codec else { return 0 }
        let length = values.count / rowCount
        let scratch = EncodingScratch()
        return energy(
            Self.errors(values, codec) { target in
                let rowByteCount = length / type.blockLength * type.blockByteCount
                for row in 0..<rowCount {
                    values.withUnsafeBufferPointer {
                        codec.encode(
                            $0.baseAddress! + row * length, count: length, importance: nil,
                            into: target + row * rowByteCount, scratch: scratch)
                    }
                }
            })
    }

    /// The original's values less those of the encoded ones.
    private static func errors(
        _ values: [Float], _ codec: any BlockCodec, _ encode: (UnsafeMutableRawPointer) throws -> Void
    ) rethrows -> [Float] {
        let byteCount = values.count / codec.type.blockLength * codec.type.blockByteCount
        var errors = [Float](repeating: 0, count: values.count)
        try withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 64) { bytes in
            try encode(bytes.baseAddress!)
            errors.withUnsafeMutableBufferPointer {
                codec.decode(bytes.baseAddress!, count: values.count, into: $0.baseAddress!)
            }
        }
        for index in errors.indices { errors[index] = values[index] - errors[index] }
        return errors
    }
}

extension SensitivitySampling.Sums {
    fileprivate mutating func add(_ other: Self) {
        energy += other.energy
        probes.merge(other.probes, uniquingKeysWith: +)
        fed.merge(other.fed, uniquingKeysWith: +)
    }
}
