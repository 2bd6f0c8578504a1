import Calibration
import Files
import FoundationEssentials
import Manifests
import Models
import Recipes
import Tensors

/// A sensitivity as JSON, so that one measurement serves many budgets.
public enum SensitivityFile {
    /// The version of the form.
    static let version = 2

    private struct Content: Codable {
        let version: Int
        /// What was measured, and with which options; files of older versions have none.
        let manifest: Manifest?
        /// The digest of the weights that were measured.
        let model: String
        let reroutingDivergence: Double
        let matrices: [Matrix]
    }

    private struct Matrix: Codable {
        let name: String
        let divergencePerError: Double
        let errors: [String: Double]
    }

    /// Writes a sensitivity to a file.
    ///
    /// - Parameters:
    ///   - sensitivity: What types cost in the model's matrices.
    ///   - model: The model that was measured, whose weights' digest the file names.
    ///   - manifest: What was measured, and with which options.
    ///   - path: The file.
    public static func write(
        _ sensitivity: Sensitivity, of model: Model, _ manifest: Manifest, to path: String
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let matrices = sensitivity.matrices.map {
            Matrix(
                name: $0.name, divergencePerError: $0.divergencePerError,
                errors: Dictionary(uniqueKeysWithValues: $0.errors.map { ($0.name, $1) }))
        }
        let content = Content(
            version: version, manifest: manifest, model: try Fingerprint.of(model),
            reroutingDivergence: sensitivity.reroutingDivergence, matrices: matrices)
        var file = try AtomicFile(path: path)
        try file.append(Array(try encoder.encode(content)) + [0x0a])
        try file.commit()
    }

    /// Reads a sensitivity from a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - model: The model that must have been measured.
    /// - Throws: `CalibrationError` if the file holds something else, or is of another model.
    public static func read(_ path: String, of model: Model) throws -> Sensitivity {
        let file = try ReadableFile(path: path)
        let bytes = try file.contents(limit: .sensitivity)
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)),
            content.version == version, Self.isUsable(content.reroutingDivergence)
        else { throw CalibrationError(.notSensitivity(version: version), file: path) }
        guard content.model == (try Fingerprint.of(model)) else {
            throw CalibrationError(.otherSensitivity(model: model.path), file: path)
        }
        let matrices = try content.matrices.map { matrix in
            var errors: [TensorType: Double] = [:]
            for (name, error) in matrix.errors {
                guard let type = TensorType(name: name), Self.isUsable(error) else {
                    throw CalibrationError(.notSensitivity(version: version), file: path, tensor: matrix.name)
                }
                errors[type] = error
            }
            guard Self.isUsable(matrix.divergencePerError) else {
                throw CalibrationError(.notSensitivity(version: version), file: path, tensor: matrix.name)
            }
            return Sensitivity.Matrix(
                name: matrix.name, divergencePerError: matrix.divergencePerError, errors: errors)
        }
        return Sensitivity(matrices: matrices, reroutingDivergence: content.reroutingDivergence)
    }

    private static func isUsable(_ number: Double) -> Bool { number.isFinite && number >= 0 }
}
