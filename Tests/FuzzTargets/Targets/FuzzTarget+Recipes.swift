import Files
import Manifests
import ModelArchitecture
import Models
import Pipelines
import Recipes
import Tensors
import TestSupport

extension FuzzTarget {
    /// What types tensors get.
    static let recipes: [FuzzTarget] = [
        FuzzTarget(
            "recipe", .json,
            words: [
                "version", "name", "fileType", "base", "importanceRequired", "rules", "roles", "names", "pattern",
                "when",
                "type", "reason", "queryGroupAtLeast", "expertsAtLeast", "experts", "layers", "importance",
                "rowNotMultipleOf", "stack", "number", "by", "from", "below", "belowLayersOver", "lastLayersOver",
                "part",
                "sensitive", "middle", "as stored", "Q4_K", "IQ2_XS", "attn_v", "(a|b)*", "blk\\\\.[0-9]+\\\\.",
                "(?=a)",
            ]
        ) { _ in
            try Recipe.names.map { Array(try Recipe(named: $0).json.utf8) }
        } prepare: { workplace in
            let model = try workplace.model()
            return { bytes in
                let path = try workplace.write(bytes, as: "recipe.json")
                let recipe = try RecipeFile.read(path)
                _ = recipe.description
                let again: Recipe
                do {
                    again = try Recipe(json: Array(recipe.json.utf8), file: path)
                } catch {
                    throw FuzzFinding("a recipe that is accepted and, once written, refused: \(error)")
                }
                guard again == recipe else { throw FuzzFinding("a recipe that is another one after it was written") }
                try Use.recipe(recipe, on: model)
            }
        },
        FuzzTarget("tensor-types", .text, words: ["=Q4_K\n", "=IQ2_XS", "blk\\.[0-9]+\\.", "(a|b)*", "[^a-z]", ".*"]) {
            _ in
            ["attn_v=Q6_K\nffn_down=Q4_K\n", "blk\\.[0-9]+\\.ffn_(up|gate)_exps=IQ3_S\n", "^output\\.weight$=F16"]
                .map { Array($0.utf8) }
        } prepare: { workplace in
            let model = try workplace.model()
            return { bytes in
                for override in try TypeOverride.list(contentsOf: workplace.write(bytes, as: "types.txt")) {
                    for tensor in model.tensors.tensors { _ = override.pattern.finds(tensor.name) }
                }
            }
        },
        FuzzTarget(
            "sensitivity", .json,
            words: [
                "version", "model", "reroutingDivergence", "matrices", "divergencePerError", "errors", "Q4_K", "1e308",
            ]
        ) { workplace in
            let model = try workplace.model()
            let matrices = model.tensors.tensors.filter { $0.shape.dimensions.count > 1 }.map {
                Sensitivity.Matrix(name: $0.name, divergencePerError: 0.5, errors: [.q8_0: 0.001, .q4_0: 0.1])
            }
            let path = workplace.file("seed.json")
            try SensitivityFile.write(
                Sensitivity(matrices: matrices, reroutingDivergence: 0.001), of: model,
                Manifest(version: "0", inputs: []), to: path)
            return [try ReadableFile.contents(of: path)]
        } prepare: { workplace in
            let model = try workplace.model()
            let tensors = model.tensors.tensors
            let geometry = ModelGeometry(layerCount: 2, headCount: 4, keyValueHeadCount: 2, expertCount: 4)
            let least = tensors.reduce(0) { $0 + $1.shape.elementCount / 2 }
            return { bytes in
                let sensitivity = try SensitivityFile.read(workplace.write(bytes, as: "sensitivity.json"), of: model)
                do {
                    let recipe = try Recipe(
                        "least", byteLimit: least + 4000, sensitivity: sensitivity, tensors: tensors,
                        geometry: geometry,
                        options: RecipeOptions())
                    _ = sensitivity.divergence(of: try recipe.assignments(for: tensors, geometry: geometry))
                } catch let error as RecipeError {
                    // A budget that is too small is what was asked for.
                    _ = error.diagnostic
                }
            }
        },
    ]
}
