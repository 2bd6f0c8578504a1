import Calibration
import ErrorFeedback
import Files
import Journals
import Models
import Numerics
import Parts
import Recipes
import Tensors
import WeightEncoding

/// The measurement of what types cost, divided by probes: each part runs the windows through the model, as all probes need it,
/// and has the divergences of its own probes and the errors of types in their matrices.
package struct PartedSensitivity: PartedWork {
    package let unit = PartUnit.probes
    package var processor: String? { BLAS.coreName }
    private let probing: SensitivityProbing
    private let model: Model

    /// What digests of parts begin with.
    private static let seed = Array("sensitivity of probes 1\n".utf8)
    /// Products a microsecond, of the pass and of samples.
    private static let productRate = 20_000.0
    /// Products for each square of a site's columns: what rows of samples take in all types, and what columns take.
    private static let (sampleCost, factorCost) = (512.0, 1.2)
    /// Experts of a stack whose rows are samples.
    private static let sampledExpertLimit = 8

    /// A measurement as work that can be divided.
    ///
    /// - Parameters:
    ///   - probing: What is measured, and how.
    ///   - model: The original, not yet quantized.
    package init(_ probing: SensitivityProbing, _ model: Model) {
        self.probing = probing
        self.model = model
    }

    package var units: [WorkUnit] {
        get throws {
            let windows = try probing.texts.measuredWindows(model)
            let tokenCount = Double(windows.heldOut.reduce(0) { $0 + $1.tokens.count })
            let tensors = Dictionary(uniqueKeysWithValues: model.tensors.tensors.map { ($0.name, $0) })
            return SensitivityProbe.expected(model).map { probe in
                let parts = probe.names.map(SensitivityProbe.part)
                let first = parts.map { if case .layer(let layer) = $0 { layer } else { $0 == .output ? .max : 0 } }
                    .min()
                let layerCount = max(0, model.plan.layerCount - (first ?? 0))
                let pass = tokenCount * Double(layerCount) * model.plan.multiplicationsPerLayer
                let tensors = probe.names.compactMap { tensors[$0] }
                let encoding = tensors.reduce(0) { $0 + Self.encodingCost($1, probe.type) }
                let samples = probe.type == .least ? 0 : tensors.reduce(0) { $0 + sampleCost($1.shape) }
                return WorkUnit(probe.name, cost: encoding + (pass + samples) / Self.productRate)
            }
        }
    }

    /// Microseconds to encode a tensor for a probe.
    private static func encodingCost(_ tensor: TensorDescriptor, _ probe: SensitivitySampling.Probe) -> Double {
        let type = probe.type(rowLength: tensor.shape.rowLength)
        return TensorDescriptor(name: tensor.name, shape: tensor.shape, type: type).map(EncodingCost.of) ?? 0
    }

    /// Products for the samples of a tensor.
    private func sampleCost(_ shape: TensorShape) -> Double {
        let columns = Double(probing.policy.columnBlocks.ranges(of: shape.rowLength)[0].count)
        return Double(min(shape.matrixCount, Self.sampledExpertLimit)) * columns * columns
            * (Self.factorCost * columns + Self.sampleCost)
    }

    package var identity: RunIdentity {
        get throws {
            let windows = try probing.texts.measuredWindows(model)
            var identity = RunIdentity()
            identity.add("the kind of work", "what types cost")
            identity.add("the precision of products", probing.compute.precision.rawValue)
            try identity.add("the model", [model])
            identity.add(probing.texts.texts)
            identity.add("the windows of the texts", windows.fitting)
            identity.add("the windows that are held out", windows.heldOut)
            identity.add("how matrices are encoded", "\(probing.policy)")
            return identity
        }
    }

    package func run(
        _ number: Int, of plan: PartPlan, in folder: PartFolder, isRestarting: Bool
    ) throws -> [String] {
        let (path, range) = (folder.file(ofPart: number), plan.parts[number - 1].range)
        var runIdentity = try probing.identity(model)
        runIdentity.add("the probes of the part", "\(range)")
        var probing = probing
        probing.isRestarting = isRestarting
        let journal = try probing.journal(path, nil, runIdentity)
        try Journal.perform(journal) {
            let findings = try probing.run(model, SensitivityShare(range, of: model), journal)
            var writer = try RecordWriter(path: path, seed: Self.seed, expectedByteCount: 0)
            try writer.append(findings.samples)
            try writer.append(findings.divergences.count)
            for (name, divergence) in findings.divergences.sorted(by: { $0.key < $1.key }) {
                try writer.append(name)
                try writer.append([divergence])
            }
            try writer.finish()
        }
        return []
    }

    /// Writes what types cost.
    ///
    /// - Parameters:
    ///   - parts: All parts, as they were collected.
    ///   - output: A ``SensitivityFile``.
    /// - Returns: what types cost.
    package func finish(_ parts: CollectedParts, output: String) throws -> Sensitivity {
        try OutputFile.check(output, inputs: model.inputFiles + probing.texts.texts.compactMap(\.path))
        var findings = SensitivityFindings(samples: [:], divergences: [:])
        for (place, path) in parts.paths.enumerated() {
            let unusable = PlanError(.unusable(part: place + 1, .damaged), path: path)
            guard let record = try Record(path: path, seed: Self.seed) else { throw unusable }
            var reader = RecordReader(record)
            guard let samples = try reader.sums() else { throw unusable }
            findings.samples.merge(samples) { first, _ in first }
            for _ in 0..<max(0, try reader.number()) {
                let name = try reader.text()
                findings.divergences[name] = try reader.numbers(1)[0]
            }
        }
        guard let sensitivity = findings.sensitivity(of: model) else {
            throw PlanError(.unusable(part: 1, .damaged), path: parts.paths[0])
        }
        try SensitivityFile.write(sensitivity, of: model, probing.texts.manifest(model), to: output)
        return sensitivity
    }
}
