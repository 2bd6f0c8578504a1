import ModelArchitecture
import Tensors

/// The type that every tensor of a model gets: a base type and the rules that depart from it.
public struct Recipe: Sendable, Hashable, CustomStringConvertible {
    /// The name of the recipe: that of llama.cpp's mix, such as `Q4_K_M`, or any other for a recipe that is not one of
    /// these.
    public let name: String
    /// The value of `general.file_type` in a file made by this recipe.
    public let fileType: UInt32
    /// The type of every tensor that no rule is about.
    public let baseType: TensorType
    /// The rules in the order in which they are asked: the first that holds for a tensor decides its type.
    public let rules: [Rule]
    /// The types that must not be encoded without importance; embedding and output are exempt.
    public let importanceTypes: Set<TensorType>

    /// A recipe from its parts.
    ///
    /// - Parameters:
    ///   - name: The name of the recipe.
    ///   - fileType: The value of `general.file_type`; nil for that of llama.cpp's mix that has most of its tensors in
    ///     `base`.
    ///   - base: The type of every tensor that no rule is about.
    ///   - rules: The first that holds for a tensor decides.
    ///   - importanceTypes: The types that must not be encoded without importance.
    public init(
        _ name: String, fileType: UInt32? = nil, base: TensorType, rules: [Rule] = [],
        importanceTypes: Set<TensorType> = Recipe.importanceTypes
    ) {
        self.name = name
        self.fileType = fileType ?? Self.fileType(base: base)
        self.baseType = base
        self.rules = rules
        self.importanceTypes = importanceTypes
    }

    /// The recipe of one of llama.cpp's file types, or a preset, by its name in any case; `Q3_K`, `Q4_K` and `Q5_K` are
    /// the mixes that end in `_M`.
    ///
    /// - Throws: ``RecipeError`` if no recipe has the name, with those that there are.
    public init(named name: String) throws(RecipeError) {
        let upper = name.uppercased()
        guard let recipe = (Self.named + Self.presets).first(where: { $0.name == Self.aliases[upper] ?? upper }) else {
            throw RecipeError(.unknownRecipe(name, known: Self.names))
        }
        self = recipe
    }

    /// The names that ``init(named:)`` knows, without other spellings of the same: llama.cpp's mixes, then the presets.
    public static var names: [String] { (named + presets).map(\.name) }

    /// The recipe in words, a line for its base and one for each rule.
    public var lines: [String] {
        ["\(name): \(baseType.name)\(rules.isEmpty ? "" : ", except, the first that holds,")"]
            + rules.map { "  \($0)" }
    }

    /// The ``lines`` of the recipe, one below the other.
    public var description: String { lines.joined(separator: "\n") }
}
