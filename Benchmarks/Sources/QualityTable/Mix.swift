import Recipes
import Tensors

/// A mix, or one with some tensors in another type: `Q8_0/exps=NVFP4`.
struct Mix {
    let recipe: Recipe
    /// `REGEX=TYPE`
    let overrides: [String]

    init(_ description: String) throws {
        let parts = description.split(separator: "/").map(String.init)
        recipe = try Recipe(named: parts[0])
        overrides = Array(parts.dropFirst())
    }

    var options: RecipeOptions {
        get throws {
            var options = RecipeOptions()
            options.overrides = try overrides.map { try TypeOverride(argument: $0) }
            return options
        }
    }

    /// The type that variants are tried for.
    var mainType: TensorType {
        overrides.first?.split(separator: "=").last.flatMap { TensorType(name: String($0)) } ?? recipe.baseType
    }
}
