import BlockFormats
import Files
import Hessians
import Importance
import ModelArchitecture
import Runtime
import Tensors

/// Fits quantized weights to inputs of which a file holds second moments.
///
/// Each matrix is encoded with error feedback as ``TextFitting`` does it, for the inputs that it has in the
/// original model: no text is read, and matrices do not make up for what those before them lost.
public struct HessianFitting: Sendable {
    /// A file made by `HessianCollection`.
    public var path: String
    /// How matrices are encoded.
    public var policy: CalibrationPolicy
    /// What the process may use.
    public var memory: MemoryBudget

    /// A fitting to second moments.
    ///
    /// - Parameters:
    ///   - path: A file made by `HessianCollection`.
    ///   - policy: How matrices are encoded.
    ///   - memory: What the process may use.
    public init(
        path: String, policy: CalibrationPolicy = CalibrationPolicy(), memory: MemoryBudget = .available
    ) {
        self.path = path
        self.policy = policy
        self.memory = memory
    }
}

/// Second moments of a model's inputs, and the tensors that are fitted to them.
package struct OpenedHessian: Sendable {
    package let file: HessianFile
    package let fitting: HessianFitting
    /// The inputs of the tensors that are encoded with feedback, by name; one list for each matrix
    /// of a stack, of one site for each block of columns.
    package let fitted: [String: [[HessianSite]]]

    /// - Parameter tensors: those that change their type, with the types to store.
    package init(_ file: HessianFile, _ fitting: HessianFitting, plan: DecoderPlan, tensors: [TensorDescriptor]) {
        self.file = file
        self.fitting = fitting
        let sites = HessianSite.byTensor(of: plan, file.blocks)
        var fitted: [String: [[HessianSite]]] = [:]
        for tensor in tensors where BlockFormats.codec(for: tensor.type) is any QuantizingCodec {
            fitted[tensor.name] = sites[tensor.name]
        }
        self.fitted = fitted
    }

    /// The part of an importance matrix that is of other tensors.
    package func rest(of matrix: ImportanceMatrix?) -> ImportanceMatrix? {
        guard var matrix else { return nil }
        for name in fitted.keys { matrix.entries[name] = nil }
        return matrix
    }

    /// What the user should know of experts that saw little; nil if there are none.
    package var warning: Message? {
        let sites = Set(fitted.values.joined().map { $0[0] }).filter(\.site.isOfExpert)
        return fitting.policy.warning(
            rareCount: sites.count { Float(file.rowCount($0)) < fitting.policy.priorRowCount })
    }
}
