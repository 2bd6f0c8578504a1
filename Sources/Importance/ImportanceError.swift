import Files
import Tensors

/// An error of an importance matrix that is damaged, or does not belong to the model.
public struct ImportanceError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// The file is a GGUF of another kind.
        case notImportance(type: String?)
        /// A metadata key is missing or not of its type.
        case invalidKey(ByteString)
        /// The matrix has no entries.
        case noEntries
        /// The file is neither a GGUF nor a matrix of the older form.
        case invalidLegacyForm(String, offset: Int)
        /// The weight is there twice.
        case duplicateEntry
        /// The matrix does not say how many rows its experts have seen, and so cannot be merged.
        case unmergeable
        /// The sums of a weight lack their counts, or the other way round.
        case unpaired(missing: String)
        /// The tensor is of another type than F32.
        case wrongType(TensorType)
        /// The counts are of another number of experts than the sums.
        case mismatchedCounts(found: Int, expected: Int)
        /// A sum or count is negative, infinite or not a number, or a count is not whole.
        case invalidNumber
        /// The weight has other numbers of columns or experts than its importances.
        case wrongShape(rowLength: Int, expertCount: Int, expectedRowLength: Int, expectedExpertCount: Int)
    }

    /// What is wrong.
    public let kind: Kind
    /// The file of the matrix, if it has one.
    public let path: String?
    /// The name of the weight, or of the tensor of the file, that the error is about.
    public let tensor: String?

    init(_ kind: Kind, path: String? = nil, tensor: String? = nil) {
        self.kind = kind
        self.path = path
        self.tensor = tensor
    }

    /// The error in words: file, tensor, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        Diagnostic(.input, file: path, place: tensor.map { "tensor \"\($0)\"" }, problem, advice: advice)
    }

    private var problem: String {
        switch kind {
        case .notImportance(let type):
            "not an importance matrix: general.type is \(type ?? "missing"), expected imatrix"
        case .invalidKey(let key): "the key \(key) is missing or not of the expected type"
        case .noEntries: "an importance matrix without entries"
        case .invalidLegacyForm(let what, let offset):
            "neither a GGUF file nor an importance matrix of the older form: no valid \(what) before byte \(offset)"
        case .duplicateEntry: "the weight appears twice"
        case .unmergeable: "a matrix without counts of the rows that were seen cannot be merged"
        case .unpaired(let missing): "its counterpart \(missing) is missing"
        case .wrongType(let type): "elements of type \(type.name), expected F32"
        case .mismatchedCounts(let found, let expected): "counts for \(found) experts, sums for \(expected)"
        case .invalidNumber: "a sum or count is negative, infinite or not a number, or a count is broken"
        case .wrongShape(let length, let experts, let expectedLength, let expectedExperts):
            "importances of \(length) columns × \(experts) experts, the weight has \(expectedLength) × \(expectedExperts)"
        }
    }

    private var advice: Message {
        switch kind {
        case .notImportance, .invalidLegacyForm: "give a file made by \(run: .collectImportance) or llama-imatrix"
        case .unmergeable: "merge files of the GGUF form"
        case .noEntries, .invalidKey, .duplicateEntry, .unpaired, .wrongType, .mismatchedCounts, .invalidNumber:
            "compute the importance matrix again"
        case .wrongShape: "use the importance matrix of this very model"
        }
    }
}
