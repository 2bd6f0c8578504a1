import Calibration
import ModelArchitecture
import Models
import Recipes

/// Matrices that are made coarser together to see what that does to the predictions.
struct SensitivityProbe {
    /// The tensors, in the model's order.
    let names: [String]
    /// What they are made.
    let type: SensitivitySampling.Probe

    /// What it is called: its first tensor, or that it is of all matrices.
    var name: String { type == .least ? "all matrices" : names[0] }

    /// Groups of matrices that are probed apart, about.
    private static let groupLimit = 64

    /// All probes: of groups of matrices one after the other, and of all together with the smallest errors.
    ///
    /// - Parameter samples: What has been sampled of the model's tensors; those without energy are left out.
    static func all(_ model: Model, _ samples: [String: SensitivitySampling.Sums]) -> [SensitivityProbe] {
        all(of: model.tensors.tensors.map(\.name).filter { samples[$0]?.energy ?? 0 > 0 }, model)
    }

    /// The probes that a model would have if all of its matrices had energy.
    static func expected(_ model: Model) -> [SensitivityProbe] {
        all(
            of: model.tensors.tensors.filter {
                $0.shape.rank > 1 && TensorName(gguf: $0.name).map { $0.role != .router } ?? false
            }.map(\.name), model)
    }

    private static func all(of names: [String], _ model: Model) -> [SensitivityProbe] {
        groups(of: names, layerCount: model.plan.layerCount).map { SensitivityProbe(names: $0, type: .coarse) }
            + [SensitivityProbe(names: names, type: .least)]
    }

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
    static func part(_ name: String) -> PerturbationProbe.Part {
        let tensor = TensorName(gguf: name)
        return tensor?.layer.map { .layer($0) } ?? (tensor?.role == .output ? .output : .embedding)
    }
}

/// A share of what is measured: some of the expected probes, with the errors of types in their matrices.
///
/// Which probes there are is known when the energies of all matrices are; each belongs where its first matrix is expected.
struct SensitivityShare {
    /// The places of the share's probes among the expected ones.
    let range: Range<Int>
    private let places: [String: Int]
    /// The place of the probe of all matrices.
    private let last: Int

    /// All probes, or some of the expected ones.
    init(_ range: Range<Int>? = nil, of model: Model) {
        let expected = SensitivityProbe.expected(model)
        last = expected.count - 1
        self.range = range ?? expected.indices
        var places: [String: Int] = [:]
        for (place, probe) in expected.enumerated() where probe.type == .coarse {
            for name in probe.names { places[name] = place }
        }
        self.places = places
    }

    /// Whether the errors in a tensor belong to the share.
    func has(tensor name: String) -> Bool { range.contains(places[name] ?? last) }

    /// Whether a probe belongs to the share.
    func has(_ probe: SensitivityProbe) -> Bool {
        probe.type == .least ? range.contains(last) : has(tensor: probe.names[0])
    }
}

/// What samples and probes have come to.
struct SensitivityFindings {
    /// The sums of samples by tensor.
    var samples: [String: SensitivitySampling.Sums]
    /// The divergences of probes by their names.
    var divergences: [String: Double]

    /// What types cost; nil if the findings are not those of all probes.
    func sensitivity(of model: Model) -> Sensitivity? {
        func error(_ name: String, _ probe: SensitivitySampling.Probe) -> Double { samples[name]?.error(probe) ?? 0 }
        var slopes: [String: Double] = [:]
        var (names, rerouting) = ([String](), 0.0)
        for probe in SensitivityProbe.all(model, samples) {
            guard let divergence = divergences[probe.name] else { return nil }
            if probe.type == .least {
                (names, rerouting) = (probe.names, divergence)
            } else {
                let total = probe.names.reduce(0) { $0 + error($1, .coarse) }
                for name in probe.names { slopes[name] = total > 0 ? max(0, divergence) / total : 0 }
            }
        }
        let leastSum = names.reduce(0) { $0 + slopes[$1]! * error($1, .least) }
        return Sensitivity(
            matrices: names.map { name in
                let sums = samples[name]!
                return .init(
                    name: name, divergencePerError: slopes[name]!, errors: sums.fed.mapValues { $0 / sums.energy })
            }, reroutingDivergence: max(0, rerouting - leastSum))
    }
}
