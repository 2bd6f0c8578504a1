import BlockFormats
import Hessians
import Importance
import ModelArchitecture
import Models
import Recipes
import Runtime

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
    /// The inputs of the tensors that are encoded with feedback, by name; one list for each matrix
    /// of a stack, of one site for each block of columns.
    let fitted: [String: [[HessianSite]]]

    init(_ fitting: HessianFitting, model: Model, assignments: [TypeAssignment]) throws {
        self.fitting = fitting
        file = try HessianFile(path: fitting.path, plan: model.plan)
        let sites = HessianSite.byTensor(of: model.plan, file.blocks)
        var fitted: [String: [[HessianSite]]] = [:]
        for assignment in assignments where assignment.type != assignment.sourceType {
            guard BlockFormats.codec(for: assignment.type) is any QuantizingCodec else { continue }
            fitted[assignment.tensor.name] = sites[assignment.tensor.name]
        }
        self.fitted = fitted
    }

    /// The part of an importance matrix that is of other tensors.
    func rest(of matrix: ImportanceMatrix?) -> ImportanceMatrix? {
        guard var matrix else { return nil }
        for name in fitted.keys { matrix.entries[name] = nil }
        return matrix
    }

    /// What the user should know before the result is used.
    func warnings(about model: Model) throws -> [String] {
        let sites = Set(fitted.values.joined().map { $0[0] }).filter(\.site.isOfExpert)
        let rare = sites.count { Float(file.rowCount($0)) < fitting.policy.priorRowCount }
        var warnings = [fitting.policy.warning(rareCount: rare)].compactMap { $0 }
        if let signature = file.origin.signature {
            if let warning = try model.warning(about: file.path, "file of second moments", of: signature) {
                warnings.append(warning)
            }
        } else if file.origin.model != model.name {
            warnings.append(
                "\(file.path): collected from \"\(file.origin.model)\", and this model is \"\(model.name)\"; second moments "
                    + "of another model make a worse file than none")
        }
        return warnings
    }
}
