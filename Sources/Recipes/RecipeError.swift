import Files
import Tensors

/// An error of a recipe that does not exist, is malformed, or cannot be applied to a model.
public struct RecipeError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// No recipe has the name.
        case unknownRecipe(String, known: [String])
        /// An override is not `REGEX=TYPE`.
        case malformedOverride(String)
        /// An override's type does not exist.
        case unknownOverrideType(String, argument: String)
        /// An override's regular expression cannot be parsed.
        case malformedPattern(String, reason: String)
        /// A recipe file has something other than a recipe has at a place.
        case malformedRecipe(found: String, expected: String)
        /// A recipe file lacks something.
        case missingField(String, expected: String)
        /// A recipe file has a field that means nothing.
        case unknownField(String, known: [String])
        /// A recipe file is of a version that is not known.
        case unknownVersion(Int)
        /// A file is longer than any recipe.
        case tooLong(byteCount: Int)
        /// A GGUF does not say by which recipe it was made.
        case noRecipe
        /// A row is not a whole number of blocks of its type, and fallback types are not allowed.
        case rowsAreNotBlocks(tensor: String, rowLength: Int, type: TensorType, fallback: TensorType)
        /// Tensors that must not be encoded without importance have none.
        case importanceMissing(tensors: [String], type: TensorType)
        /// Even the smallest types of all tensors are larger than a budget.
        case budgetTooSmall(byteLimit: Int, leastByteCount: Int)
        /// llama.cpp cannot keep keys and values in the type, since its kernels are made for heads of other lengths.
        case cacheTypeNotForHeads(String, headLength: Int)
        /// The memory needed beside the weights leaves none for them.
        case deviceTooSmall(byteCount: Int, neededByteCount: Int, context: Int)
        /// The encoded size overflows.
        case tooLarge(tensor: String)
    }

    /// What is wrong.
    public let kind: Kind
    /// The file that the recipe or the overrides are from; nil if they are from no file.
    public let file: String?
    /// The place in the file, such as `rules[3].when` or `line 7`.
    public let place: String?

    /// Makes the error of a recipe.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - file: The file that the recipe is from, if it is from one.
    ///   - place: The place in the file, if it is known.
    public init(_ kind: Kind, file: String? = nil, place: String? = nil) {
        self.kind = kind
        self.file = file
        self.place = place
    }

    /// Larger files hold something else.
    static let fileByteLimit = InputLimit.recipe.byteCount
}

extension RecipeError {
    /// Fails if a tensor that needs importance has none.
    ///
    /// - Parameter hasImportance: whether there is importance for the tensor of this name.
    package static func demandImportance(
        for assignments: [TypeAssignment], hasImportance: (String) -> Bool
    ) throws(RecipeError) {
        let missing = assignments.filter { $0.needsImportance && !hasImportance($0.tensor.name) }
        guard let first = missing.first else { return }
        throw RecipeError(.importanceMissing(tensors: missing.map(\.tensor.name), type: first.type))
    }
}
