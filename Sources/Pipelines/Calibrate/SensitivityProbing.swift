import BlockFormats
import Calibration
import ErrorFeedback
import Evaluation
import Files
import Journals
import ModelArchitecture
import Models
import Numerics
import Recipes
import Runtime
import Synchronization
import Tensors
import WeightEncoding

/// Measures what each type would cost in each of a model's matrices: how far types put the matrices' outputs off, from
/// samples, and what such errors do to the predictions, by quantizing one group of matrices at a time.
public struct SensitivityProbing: Sendable {
    /// What the inputs of matrices are collected over, and at least one window that predictions are compared on.
    public var texts: CalibrationTexts
    /// How matrices are encoded with error feedback.
    public var policy: CalibrationPolicy
    /// What the measurement works with, and whom it tells of its progress.
    public var compute: Compute
    /// Whether what an earlier run has kept is removed, and the work begins anew.
    public var isRestarting = false

    private typealias Windows = (fitting: [EvaluationWindow], heldOut: [EvaluationWindow])

    /// Types that a budget's recipe is made of.
    public static let types: [TensorType] = [
        .iq1_S, .iq1_M, .iq2_XXS, .iq2_XS, .iq2_S, .q2_K, .iq3_XXS, .iq3_S, .q3_K, .iq4_XS, .iq4_NL, .q4_K, .q5_0,
        .q5_K, .q6_K, .q8_0,
    ]
    /// Groups of matrices that are probed apart.
    private static let groupLimit = 64
    /// Windows that the inputs of matrices are collected over.
    private static let fittingLimit = 64

    /// A measurement on texts.
    ///
    /// - Parameters:
    ///   - texts: What the inputs of matrices are collected over, and at least one window that predictions are compared on.
    ///   - policy: How matrices are encoded with error feedback.
    ///   - compute: What the measurement works with, and whom it tells of its progress.
    public init(
        _ texts: CalibrationTexts, policy: CalibrationPolicy = CalibrationPolicy(), compute: Compute = Compute()
    ) {
        self.texts = texts
        self.policy = policy
        self.compute = compute
    }

    /// Measures what types cost in a model's matrices and writes it to a file.
    ///
    /// Until it is there, finished work is kept in the folder `OUTPUT.work`, and the next run goes on from there.
    ///
    /// - Parameters:
    ///   - model: The original, not yet quantized.
    ///   - output: A ``SensitivityFile``.
    /// - Throws: `CalibrationError` if no window is held out or the memory is too small, an error with what differs if the
    ///   folder holds the work of another run, and errors of reading and writing.
    public func run(_ model: Model, output: String) throws -> Sensitivity {
        try AtomicFile.check(output)
        let journal = try journal(model, output: output)
        return try Journal.perform(journal) {
            let sensitivity = try run(model, journal)
            try SensitivityFile.write(sensitivity, of: model, texts.manifest(model), to: output)
            return sensitivity
        }
    }

    /// What keeps finished work beside an output.
    ///
    /// - Parameter stage: Nil if the output is what is measured.
    func journal(_ model: Model, output: String, stage: Journal.Stage? = nil) throws -> Journal {
        let windows = try texts.measuredWindows(model)
        var identity = RunIdentity("what types cost", precision: compute.precision)
        try identity.add("the model", [model])
        identity.add(texts.texts)
        identity.add("the windows of the texts", windows.fitting)
        identity.add("the windows that are held out", windows.heldOut)
        identity.add("how matrices are encoded", "\(policy)")
        return try Journal(output: output, stage: stage, identity: identity, isRestarting: isRestarting) {
            [progress = compute.progress] in progress(.note($0))
        }
    }

    /// Measures what types cost in a model's matrices.
    ///
    /// - Parameter model: The original, not yet quantized.
    /// - Throws: `CalibrationError` if no window is held out or the memory is too small, and errors of reading the model.
    public func run(_ model: Model) throws -> Sensitivity { try run(model, nil) }

    /// Measures what types cost, and keeps what it has come to.
    func run(_ model: Model, _ journal: Journal?) throws -> Sensitivity {
        let windows = try texts.measuredWindows(model)
        let progress = compute.progress
        let pass = try model.forwardPass(compute)
        try checkMemory(model, pass, windows)
        let spool = journal.map { SensitivitySpool($0, pass) }
        let samples = try sample(model, pass, windows, spool)
        let names = model.tensors.tensors.map(\.name).filter { samples[$0]?.energy ?? 0 > 0 }
        let groups = Self.groups(of: names, layerCount: model.plan.layerCount)
        progress(.stage(.probing(groupCount: groups.count)))
        let probes = groups.map { (names: $0, type: SensitivitySampling.Probe.coarse) } + [(names, .least)]
        let divergences = try probe(model, pass, windows.heldOut, probes, spool)
        func error(_ name: String, _ probe: SensitivitySampling.Probe) -> Double {
            samples[name]?.error(probe) ?? 0
        }
        var slopes: [String: Double] = [:]
        for (group, divergence) in zip(groups, divergences) {
            let total = group.reduce(0) { $0 + error($1, .coarse) }
            for name in group { slopes[name] = total > 0 ? max(0, divergence) / total : 0 }
        }
        let leastSum = names.reduce(0) { $0 + slopes[$1]! * error($1, .least) }
        return Sensitivity(
            matrices: names.map { name in
                let sums = samples[name]!
                return .init(
                    name: name, divergencePerError: slopes[name]!, errors: sums.fed.mapValues { $0 / sums.energy })
            }, reroutingDivergence: max(0, divergences[groups.count] - leastSum))
    }

    private func checkMemory(_ model: Model, _ pass: ForwardPass, _ windows: Windows) throws {
        let (fitting, heldOut) = (sample(of: windows.fitting), windows.heldOut)
        let probe = PerturbationProbe(pass, windows: heldOut)
        try compute.memory.demand(
            .largest([
                samplingWorkingSet(pass, fitting, heldOut.map(\.tokens)),
                probe.workingSet(perturbationCount: Self.groupLimit + 1) + Self.encodedWorkingSet(model),
            ])
        ) {
            CalibrationError(
                .statesTooLarge(
                    neededByteCount: $0, budgetByteCount: $1, windowCount: fitting.count + heldOut.count))
        }
    }

    /// The streams of both sets of windows, the inputs of a stage of one, and the moments of a layer of both.
    private func samplingWorkingSet(
        _ pass: ForwardPass, _ fitting: [TokenSequence], _ heldOut: [TokenSequence]
    ) -> WorkingSet {
        let sampling = SensitivitySampling.workingSet(
            pass.plan, types: Self.types, policy, threadCount: compute.parallel.threadCount)
        let sizes = [fitting, heldOut].map { BatchSize($0) }
        let layers = sizes.map {
            pass.workingSet($0) + pass.stageWorkingSet(tokenCount: $0.tokenCount)
                + HessianCollector.inputWorkingSet(pass.plan, tokenCount: $0.tokenCount)
        }
        return sizes.reduce(sampling.moments) {
            $0
                + HiddenStates.workingSet(
                    "residual stream", rowCount: $1.tokenCount, columns: pass.plan.embeddingLength)
        } + .largest(layers + [sampling.site])
    }

    // MARK: Errors of types

    /// The windows that the inputs of matrices are collected over, from the whole of those that may be.
    private func sample(of fitting: [EvaluationWindow]) -> [TokenSequence] {
        let count = min(fitting.count, Self.fittingLimit)
        return (0..<count).map { fitting[$0 * fitting.count / count].tokens }
    }

    /// The sums of the samples of each tensor.
    private func sample(
        _ model: Model, _ pass: ForwardPass, _ windows: Windows, _ spool: SensitivitySpool?
    ) throws -> [String: SensitivitySampling.Sums] {
        if let samples = try spool?.loadSamples() { return samples }
        compute.progress(.stage(.sampling(typeCount: Self.types.count)))
        let (sequences, compared) = (sample(of: windows.fitting), windows.heldOut.map(\.tokens))
        let sampling = SensitivitySampling(
            model.plan, source: model.tensors, types: Self.types, policy: policy, parallel: compute.parallel)
        let found = try spool?.loadSampling(rowCounts: (sequences.joined().count, compared.joined().count))
        if let found { sampling.restore(found.sums) } else { try sampling.addEmbedding(of: sequences) }
        let streams = try found?.streams ?? (pass.embedding(of: sequences), pass.embedding(of: compared))
        for layer in ((found?.layer ?? -1) + 1)..<model.plan.layerCount {
            let fitted = try moments(model) { try pass.run(layer: layer, of: sequences, streams.0, observer: $0) }
            let seen = try moments(model) { try pass.run(layer: layer, of: compared, streams.1, observer: $0) }
            try sampling.add(fitted, measuredOn: seen)
            try spool?.keepSampling(layer: layer, sampling.sums, streams)
            compute.progress(.fraction(Double(layer + 1) / Double(model.plan.layerCount + 1)))
        }
        try sampling.add(
            moments(model) { try pass.observeOutput(of: streams.0, $0) },
            measuredOn: moments(model) { try pass.observeOutput(of: streams.1, $0) })
        try spool?.keepSamples(sampling.sums)
        return sampling.sums
    }

    /// The moments of the sampled sites that some work passes; of wide ones those of the first block of columns.
    private func moments(
        _ model: Model, _ work: (HessianCollector) throws -> Void
    ) throws -> [ActivationSite: SecondMoments] {
        let store = MomentStore()
        let expertCount = model.plan.experts?.count ?? 0
        try work(
            HessianCollector(
                parallel: compute.parallel, observes: { SensitivitySampling.samples($0, expertCount: expertCount) },
                blocks: { [policy] in [policy.columnBlocks.ranges(of: $0)[0]] },
                receive: { store.add($0, $2) }))
        return store.moments
    }

    // MARK: Probes

    /// The matrices that are probed together: each by itself, or in large models those of one role in consecutive layers.
    private static func groups(of names: [String], layerCount: Int) -> [[String]] {
        guard names.count > groupLimit else { return names.map { [$0] } }
        let roles = Dictionary(grouping: names) { TensorName(gguf: $0)?.role }.mapValues(\.count)
        let perRole = max(1, groupLimit / max(1, roles.count))
        var groups: [[String]] = []
        struct Key: Hashable {
            let role: TensorRole
            let part: Int
        }
        var places: [Key: Int] = [:]
        for name in names {
            guard let tensor = TensorName(gguf: name), let layer = tensor.layer else {
                groups.append([name])
                continue
            }
            let key = Key(role: tensor.role, part: layer * perRole / layerCount)
            if let place = places[key] {
                groups[place].append(name)
            } else {
                places[key] = groups.count
                groups.append([name])
            }
        }
        return groups
    }

    /// The part of the model that a tensor belongs to.
    private static func part(_ name: String) -> PerturbationProbe.Part {
        let tensor = TensorName(gguf: name)
        return tensor?.layer.map { .layer($0) } ?? (tensor?.role == .output ? .output : .embedding)
    }

    /// The memory of the encoded matrices of a part: every one in the types of all probes.
    private static func encodedWorkingSet(_ model: Model) -> WorkingSet {
        let parts = Dictionary(grouping: model.tensors.tensors, by: { part($0.name) })
        return .largest(
            parts.values.map { tensors in
                tensors.filter { $0.shape.rowCount > 1 }.reduce(.none) { sum, tensor in
                    SensitivitySampling.Probe.allCases.reduce(sum) {
                        let type = $1.type(rowLength: tensor.shape.rowLength)
                        let target = TensorDescriptor(name: tensor.name, shape: tensor.shape, type: type)
                        return $0 + WorkingSet("encoded matrices", byteCount: target?.byteCount ?? 0)
                    }
                }
            })
    }

    private func probe(
        _ model: Model, _ pass: ForwardPass, _ heldOut: [EvaluationWindow],
        _ probes: [(names: [String], type: SensitivitySampling.Probe)], _ spool: SensitivitySpool?
    ) throws -> [Double] {
        let places = Dictionary(
            uniqueKeysWithValues: model.tensors.tensors.enumerated().map { ($1.name, ($0, $1)) })
        let part = Self.part
        // Encoded matrices of the part that is computed at present.
        var held: (part: PerturbationProbe.Part, bytes: [TensorDescriptor: [UInt8]])?
        func encoded(_ name: String, _ target: TensorDescriptor, _ index: Int) throws -> [UInt8] {
            if held?.part != part(name) { held = (part(name), [:]) }
            if let bytes = held?.bytes[target] { return bytes }
            let job = try EncodingJob(
                source: model.tensors, index: index, target: target, guidance: EncodingGuidance())
            let bytes = try job.bytes(parallel: compute.parallel)
            held?.bytes[target] = bytes
            return bytes
        }
        return try PerturbationProbe(pass, windows: heldOut).divergences(
            of: probes.map { Set($0.names.map(part)) }, spool: spool
        ) { number, wanted in
            var overlay = OverlayTensors(model.tensors)
            for name in probes[number].names where part(name) == wanted {
                let (index, stored) = places[name]!
                let type = probes[number].type.type(rowLength: stored.shape.rowLength)
                guard let target = TensorDescriptor(name: name, shape: stored.shape, type: type) else { continue }
                overlay.replace(index, by: target, .memory(try encoded(name, target, index)))
            }
            return try ForwardPass(
                plan: model.plan, source: overlay, path: model.path, parallel: compute.parallel,
                memory: compute.memory)
        } progress: {
            compute.progress(.fraction($0))
        }
    }
}

/// What a collector has handed over.
private final class MomentStore: Sendable {
    private let state = Mutex<[ActivationSite: SecondMoments]>([:])

    var moments: [ActivationSite: SecondMoments] { state.withLock { $0 } }

    func add(_ site: ActivationSite, _ moments: SecondMoments) { state.withLock { $0[site] = moments } }
}
