import Calibration
import Files
import Hessians
import Importance
import Manifests
import ModelArchitecture
import Models
import Tensors

/// A model and what is known of its inputs, opened once for all plans that are made of them.
public struct QuantizationInputs: Sendable {
    /// The model that is quantized.
    public let model: Model
    /// What is known of the inputs of the model's matrices.
    public let guidance: Quantization.Guidance
    /// As wide as the model's tensors.
    let importance: ImportanceMatrix?
    let hessian: HessianFile?
    /// What the user should know of files that were made from another model.
    let importanceWarning: Message?
    let hessianWarning: Message?
    /// The files of the guidance, as the result names them.
    let records: [InputRecord]

    /// Reads an importance matrix and opens a file of second moments, as far as the guidance names them.
    ///
    /// - Parameters:
    ///   - model: The model that is quantized.
    ///   - guidance: What is known of the inputs of the model's matrices.
    /// - Throws: `FileError`, and the errors of both files.
    public init(_ model: Model, guidance: Quantization.Guidance = .none) throws {
        self.model = model
        self.guidance = guidance
        importance = try guidance.importancePath.map {
            try ImportanceMatrix(contentsOf: $0).padded(like: model.tensors.tensors)
        }
        hessian = try guidance.hessian.map { try HessianFile(path: $0.path, plan: model.plan) }
        importanceWarning = try guidance.importancePath.flatMap { [importance] in
            try model.warning(about: $0, "importance matrix", of: importance?.model)
        }
        hessianWarning = try hessian.flatMap { try Self.warning(about: $0, of: model) }
        records =
            try [guidance.importancePath].compactMap { $0 }.map { try InputRecord("importance", file: $0) }
            + (importance?.manifest?.inputs ?? []).map { $0.beneath("importance") }
            // Of other padding the model has another digest, and its moments make the same file.
            + (hessian?.origin.manifest?.inputs ?? []).filter { $0.kind == "text" }.map { $0.beneath("hessian") }
            + (guidance.texts?.texts.texts ?? []).map { InputRecord($0) }
    }

    private static func warning(about file: HessianFile, of model: Model) throws -> Message? {
        if let signature = file.origin.signature {
            return try model.warning(about: file.path, "file of second moments", of: signature)
        }
        guard file.origin.model != model.name else { return nil }
        return
            "\(file.path): collected from \"\(file.origin.model)\", and this model is \"\(model.name)\"; second moments "
            + "of another model make a worse file than none"
    }
}
