import BlockFormats
import Hessians
import Importance
import ModelArchitecture
import Recipes
import Runtime
import TensorCore

/// Fits quantized weights to inputs of which a file holds second moments.
///
/// Each matrix is encoded with error feedback as ``CalibratedQuantization`` does it, for the inputs that it has in the
/// original model: no text is read, and matrices do not make up for what those before them lost.
public struct HessianFitting: Sendable {
    /// A file made by ``HessianCollection``.
    public var path: String
    public var policy: CalibrationPolicy
    /// What the process may use.
    public var memory: MemoryBudget

    public init(
        path: String, policy: CalibrationPolicy = CalibrationPolicy(), memory: MemoryBudget = .available
    ) {
        self.path = path
        self.policy = policy
        self.memory = memory
    }
}

/// Second moments that are known to belong to a model, and what they are used for.
struct OpenedHessian: Sendable {
    let file: HessianFile
    let fitting: HessianFitting
    /// The inputs of the tensors that are encoded with feedback, by name; those of a stack by expert.
    let fitted: [String: [HessianSite]]
    /// Sums of squares for the tensors that are quantized in another way.
    private let entries: [String: ImportanceMatrix.Entry]

    init(_ fitting: HessianFitting, model: Model, assignments: [TypeAssignment]) throws {
        self.fitting = fitting
        file = try HessianFile(path: fitting.path, plan: model.plan)
        let sites = HessianSite.byTensor(of: model.plan)
        var fitted: [String: [HessianSite]] = [:]
        var entries: [String: ImportanceMatrix.Entry] = [:]
        for assignment in assignments where assignment.type.isQuantized && assignment.type != assignment.sourceType {
            let name = assignment.tensor.name
            guard let sites = sites[name] else { continue }
            if BlockFormats.codec(for: assignment.type) is any QuantizingCodec {
                fitted[name] = sites
            } else {
                entries[name] = ImportanceMatrix.Entry(
                    rowLength: sites[0].columns, sums: try sites.flatMap { [file] in try file.diagonal($0.site) },
                    counts: sites.map { [file] in Float(file.rowCount($0.site)) })
            }
        }
        self.fitted = fitted
        self.entries = entries
    }

    /// The importance of what is not fitted: from an importance matrix, and for what that does not know from the moments.
    func importance(beside matrix: ImportanceMatrix?) -> ImportanceMatrix {
        var result =
            matrix
            ?? ImportanceMatrix(
                entries: [:], datasets: file.origin.datasets, chunkCount: file.origin.chunkCount,
                chunkSize: file.origin.chunkSize)
        for name in fitted.keys { result.entries[name] = nil }
        result.entries.merge(entries) { known, _ in known }
        return result
    }

    /// What the user should know before the result is used.
    func warnings(about model: Model) -> [String] {
        let sites = Set(fitted.values.joined()).filter(\.site.isOfExpert)
        let rare = sites.count { Float(file.rowCount($0.site)) < fitting.policy.priorRowCount }
        var warnings = [fitting.policy.warning(rareCount: rare)].compactMap { $0 }
        if file.origin.model != model.name {
            warnings.append(
                "\(file.path): collected from \"\(file.origin.model)\", and this model is \"\(model.name)\"; second moments "
                    + "of another model make a worse file than none")
        }
        return warnings
    }
}
