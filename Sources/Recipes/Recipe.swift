import ModelArchitecture
import Tensors

/// Which type every tensor of a model gets: a base type and the rules that depart from it.
public struct Recipe: Sendable, Hashable, CustomStringConvertible {
    /// llama.cpp's name of the mix, such as `Q4_K_M`, or whatever a recipe of one's own is called.
    public let name: String
    /// The value of `general.file_type` in a file made by this recipe.
    public let fileType: UInt32
    /// The type of every tensor that no rule is about.
    public let baseType: TensorType
    /// The first rule that holds decides.
    public let rules: [Rule]
    /// The types that must not be encoded without importance; embedding and output are exempt.
    public let importanceTypes: Set<TensorType>

    /// - Parameter fileType: nil for that of the mix that has most of its tensors in the base type.
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

    /// The recipe of one of llama.cpp's file types, or a preset, by its name in any case; `Q3_K`, `Q4_K` and `Q5_K` are the
    /// mixes that end in `_M`.
    public init(named name: String) throws(RecipeError) {
        let upper = name.uppercased()
        guard let recipe = (Self.named + Self.presets).first(where: { $0.name == Self.aliases[upper] ?? upper }) else {
            throw RecipeError(.unknownRecipe(name, known: (Self.named + Self.presets).map(\.name)))
        }
        self = recipe
    }

    /// The recipe in words, a line for its base and one for each rule.
    public var lines: [String] {
        ["\(name): \(baseType.name)\(rules.isEmpty ? "" : ", except, the first that holds,")"]
            + rules.map { "  \($0)" }
    }

    public var description: String { lines.joined(separator: "\n") }
}
