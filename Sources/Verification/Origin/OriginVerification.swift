import BlockFormats
import Files
import GGUF
import Models
import Parallelism
import Synchronization
import Tensors

/// Verifies that a model is a quantization of another one's weights: tensor by tensor, from the whole down to single blocks.
///
/// `Docs/Verification.md` has the method, what its bounds were measured on, and what they cannot show.
public struct OriginVerification: Sendable {
    /// The threads to work on; findings do not depend on their number.
    public var parallel: Parallel
    /// Is told the share of the weights that has been compared, from any thread.
    public var progress: @Sendable (Double) -> Void

    /// Makes a verification; nothing is read yet.
    public init(parallel: Parallel = Parallel(), progress: @escaping @Sendable (Double) -> Void = { _ in }) {
        self.parallel = parallel
        self.progress = progress
    }

    /// A tensor beside the original's.
    public struct Tensor: Sendable {
        /// The tensor as the model has it, padding included.
        public let tensor: TensorDescriptor
        /// The type that the original's weights are stored in.
        public let originalType: TensorType
        /// All weights that the original has.
        public let agreement: Agreement
        /// What is not as in a quantization of the original.
        public let findings: [Finding]
    }

    /// What a verification has compared, and found.
    public struct Report: Sendable {
        /// The tensors that both models have, in the order of the model.
        public let tensors: [Tensor]
        /// What is wrong: the computation and the tokenizer first, then the tensors in their order.
        public let findings: [Finding]
        /// What may differ in an honest model, and does.
        public let notes: [String]
    }

    /// What calibrated files have.
    static let calibrationKey: ByteString = "swage.calibration.texts"

    /// Compares a model with the one that it is said to be made from, and reads both once.
    ///
    /// - Parameters:
    ///   - model: May be padded.
    ///   - original: A checkpoint without padding, or a GGUF.
    /// - Throws: `NonFiniteWeight` if a weight is no finite number, and the errors of reading. What is not as it should be is a
    ///   finding, never an error.
    public func run(_ model: Model, original: Model) throws -> Report {
        var findings = ComputationComparison(model: model, original: original).findings()
        let indices = Dictionary(uniqueKeysWithValues: original.tensors.tensors.enumerated().map { ($1.name, $0) })
        let names = Set(model.tensors.tensors.map(\.name))
        for tensor in original.tensors.tensors where !names.contains(tensor.name) {
            findings.append(
                Finding(.origin, file: model.path, subject: tensor.name, "the tensor is missing, the original has it"))
        }
        let meter = FractionMeter(total: model.tensors.tensors.reduce(0) { $0 + $1.byteCount }, progress)
        let coarsestFitted = Self.coarsestFitted(model.metadata, model.tensors.tensors)
        var tensors: [Tensor] = []
        for (index, tensor) in model.tensors.tensors.enumerated() {
            guard let counterpart = indices[tensor.name] else {
                findings.append(
                    Finding(.origin, file: model.path, subject: tensor.name, "the original has no such tensor"))
                continue
            }
            let other = original.tensors.tensors[counterpart]
            guard tensor.shape.canHold(other.shape) else {
                findings.append(
                    Finding(
                        .origin, file: model.path, subject: tensor.name,
                        "the shape is \(tensor.shape), the original's \(other.shape)"))
                continue
            }
            guard let decoded = MatrixStack(model.tensors, index),
                let source = MatrixStack(original.tensors, counterpart)
            else {
                findings.append(
                    Finding(
                        .origin, file: model.path, subject: tensor.name,
                        "weights of type \(tensor.type.name) or \(other.type.name) cannot be compared"))
                continue
            }
            let comparison = TensorComparison(
                original: source, decoded: decoded, coarsestFitted: coarsestFitted)
            let result = try comparison.run(parallel: parallel) { meter.add($0) }
            findings += result.findings
            tensors.append(result)
        }
        return Report(
            tensors: tensors, findings: findings,
            notes: ComputationComparison(model: model, original: original).notes())
    }
}

extension OriginVerification {
    /// The type with the widest bounds of a model that says it was fitted to texts; nil of others.
    static func coarsestFitted(_ metadata: GGUFMetadata, _ tensors: [TensorDescriptor]) -> TensorType? {
        guard metadata[calibrationKey] != nil else { return nil }
        return Set(tensors.map(\.type)).max {
            OriginBounds(of: $0, isCalibrated: true).relativeError
                < OriginBounds(of: $1, isCalibrated: true).relativeError
        }
    }
}

extension TensorShape {
    /// Whether weights of another shape fit into the first rows and columns of as many matrices.
    fileprivate func canHold(_ other: TensorShape) -> Bool {
        rank == other.rank && dimensions.dropFirst(2) == other.dimensions.dropFirst(2)
            && zip(dimensions, other.dimensions).allSatisfy { $0 >= $1 }
    }
}
