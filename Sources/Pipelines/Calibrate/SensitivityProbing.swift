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

    typealias Windows = (fitting: [EvaluationWindow], heldOut: [EvaluationWindow])

    /// Types that a budget's recipe is made of.
    public static let types: [TensorType] = [
        .iq1_S, .iq1_M, .iq2_XXS, .iq2_XS, .iq2_S, .q2_K, .iq3_XXS, .iq3_S, .q3_K, .iq4_XS, .iq4_NL, .q4_K, .q5_0,
        .q5_K, .q6_K, .q8_0,
    ]
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
        try journal(output, stage, identity(model))
    }

    func journal(_ output: String, _ stage: Journal.Stage?, _ identity: RunIdentity) throws -> Journal {
        try Journal(output: output, stage: stage, identity: identity, isRestarting: isRestarting) {
            [progress = compute.progress] in progress(.note($0))
        }
    }

    /// What decides the result.
    func identity(_ model: Model) throws -> RunIdentity {
        let windows = try texts.measuredWindows(model)
        var identity = RunIdentity("what types cost", precision: compute.precision)
        try identity.add("the model", [model])
        identity.add(texts.texts)
        identity.add("the windows of the texts", windows.fitting)
        identity.add("the windows that are held out", windows.heldOut)
        identity.add("how matrices are encoded", "\(policy)")
        return identity
    }

    /// Measures what types cost in a model's matrices.
    ///
    /// - Parameter model: The original, not yet quantized.
    /// - Throws: `CalibrationError` if no window is held out or the memory is too small, and errors of reading the model.
    public func run(_ model: Model) throws -> Sensitivity { try run(model, nil) }

    /// Measures what types cost, and keeps what it has come to.
    func run(_ model: Model, _ journal: Journal?) throws -> Sensitivity {
        let findings = try run(model, SensitivityShare(of: model), journal)
        guard let sensitivity = findings.sensitivity(of: model) else { preconditionFailure("all probes have been run") }
        return sensitivity
    }

    /// Measures a share of what types cost, and keeps what it has come to.
    func run(_ model: Model, _ share: SensitivityShare, _ journal: Journal?) throws -> SensitivityFindings {
        let windows = try texts.measuredWindows(model)
        let pass = try model.forwardPass(compute)
        try checkMemory(model, pass, windows, probeCount: share.range.count)
        let spool = journal.map { SensitivitySpool($0, pass) }
        let samples = try sample(model, pass, windows, share, spool)
        let probes = SensitivityProbe.all(model, samples).filter(share.has)
        compute.progress(.stage(.probing(groupCount: probes.count { $0.type == .coarse })))
        let divergences = try probe(model, pass, windows.heldOut, probes, spool)
        return SensitivityFindings(
            samples: samples.filter { share.has(tensor: $0.key) },
            divergences: Dictionary(uniqueKeysWithValues: zip(probes.map(\.name), divergences)))
    }

    // MARK: Errors of types

    /// The windows that the inputs of matrices are collected over, from the whole of those that may be.
    func sample(of fitting: [EvaluationWindow]) -> [TokenSequence] {
        let count = min(fitting.count, Self.fittingLimit)
        return (0..<count).map { fitting[$0 * fitting.count / count].tokens }
    }

    /// The sums of the samples of each tensor.
    private func sample(
        _ model: Model, _ pass: ForwardPass, _ windows: Windows, _ share: SensitivityShare, _ spool: SensitivitySpool?
    ) throws -> [String: SensitivitySampling.Sums] {
        if let samples = try spool?.loadSamples() { return samples }
        compute.progress(.stage(.sampling(typeCount: Self.types.count)))
        let (sequences, compared) = (sample(of: windows.fitting), windows.heldOut.map(\.tokens))
        let sampling = SensitivitySampling(
            model.plan, source: model.tensors, types: Self.types, policy: policy, parallel: compute.parallel,
            wants: share.has(tensor:))
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

    private func probe(
        _ model: Model, _ pass: ForwardPass, _ heldOut: [EvaluationWindow],
        _ probes: [SensitivityProbe], _ spool: SensitivitySpool?
    ) throws -> [Double] {
        let places = Dictionary(
            uniqueKeysWithValues: model.tensors.tensors.enumerated().map { ($1.name, ($0, $1)) })
        let part = SensitivityProbe.part
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
