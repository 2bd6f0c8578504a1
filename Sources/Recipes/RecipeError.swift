import TensorCore

/// A recipe does not exist, is malformed, or cannot be applied to a model.
public struct RecipeError: DiagnosticError {
    public enum Kind: Sendable, Equatable {
        /// No recipe has the name.
        case unknownRecipe(String, known: [String])
        /// An override is not `REGEX=TYPE`.
        case malformedOverride(String)
        /// An override's type does not exist.
        case unknownOverrideType(String, argument: String)
        /// An override's regular expression cannot be parsed.
        case malformedPattern(String, reason: String)
        /// A row is not a whole number of blocks of its type, and fallback types are not allowed.
        case rowsAreNotBlocks(tensor: String, rowLength: Int, type: TensorType, fallback: TensorType)
        /// Tensors that must not be encoded without importance have none.
        case importanceMissing(tensors: [String], type: TensorType)
        /// The encoded size overflows.
        case tooLarge(tensor: String)
    }

    public let kind: Kind

    public init(_ kind: Kind) { self.kind = kind }

    public var diagnostic: Diagnostic {
        switch kind {
        case .unknownRecipe(let name, let known):
            Diagnostic(.usage, "there is no type \"\(name)\"", advice: "known types: \(known.joined(separator: ", "))")
        case .malformedOverride(let argument):
            Diagnostic(
                .usage, "\"\(argument)\" is not REGEX=TYPE", advice: "write for example ffn_down_exps=Q4_K")
        case .unknownOverrideType(let name, let argument):
            Diagnostic(
                .usage, "there is no type \"\(name)\", as \"\(argument)\" asks for",
                advice: "write for example ffn_down_exps=Q4_K")
        case .malformedPattern(let pattern, let reason):
            Diagnostic(
                .usage, "\"\(pattern)\" is not a regular expression: \(reason)",
                advice: "write for example ffn_down_exps=Q4_K")
        case .rowsAreNotBlocks(let tensor, let rowLength, let type, let fallback):
            Diagnostic(
                .usage, place: tensor,
                "a row has \(rowLength) elements, which is not a multiple of \(type.blockLength) as \(type.name) needs",
                advice: "pad the experts when converting, choose another type for this tensor, "
                    + "or allow the fallback type \(fallback.name)")
        case .importanceMissing(let tensors, let type):
            Diagnostic(
                .usage, place: tensors.first,
                "\(type.name) needs an importance matrix, which is missing for \(tensors.count) "
                    + (tensors.count == 1 ? "tensor" : "tensors: ")
                    + (tensors.count == 1 ? "" : tensors.prefix(4).joined(separator: ", "))
                    + (tensors.count > 4 ? " and \(tensors.count - 4) more" : ""),
                advice: "make an importance matrix of this model with swage imatrix and pass it with --imatrix, "
                    + "or choose a type of more bits")
        case .tooLarge(let tensor):
            Diagnostic(.input, place: tensor, "the size in bytes is more than 64 bits can hold")
        }
    }
}

extension RecipeError {
    /// Fails if a tensor that needs importance has none.
    ///
    /// - Parameter hasImportance: whether there is importance for the tensor of this name.
    public static func demandImportance(
        for assignments: [TypeAssignment], hasImportance: (String) -> Bool
    ) throws(RecipeError) {
        let missing = assignments.filter { $0.needsImportance && !hasImportance($0.tensor.name) }
        guard let first = missing.first else { return }
        throw RecipeError(.importanceMissing(tensors: missing.map(\.tensor.name), type: first.type))
    }
}
