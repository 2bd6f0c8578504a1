import Files
import Foundation
import Recipes
import Tensors
import TestSupport
import Testing

/// What llama-quantize chooses under its options, and for geometries that other rules apply to;
/// `Tests/Generators/llama_recipes.py` wrote it from dry runs.
@Suite struct LlamaOptionsTests {
    struct Case: Decodable {
        let model: String
        let mix: String
        let options: [String]

        /// llama-quantize's options in our words.
        func recipeOptions() throws -> RecipeOptions {
            var options = RecipeOptions()
            var words = self.options.makeIterator()
            func type(_ name: String?) throws -> TensorType { try #require(name.flatMap(TensorType.init(name:))) }
            while let option = words.next() {
                switch option {
                case "--imatrix": options.hasImportance = words.next() != nil
                case "--tensor-type": options.overrides.append(try TypeOverride(argument: words.next() ?? ""))
                case "--pure": options.isPure = true
                case "--leave-output-tensor": options.leavesOutput = true
                case "--output-tensor-type": options.outputType = try type(words.next())
                case "--token-embedding-type": options.embeddingType = try type(words.next())
                default: Issue.record("\(option) is not known")
                }
            }
            return options
        }
    }

    @Test(arguments: ModelDimensions.optionModels)
    func everyTensorAsInLlamaQuantize(model: ModelDimensions) throws {
        let data = Data(try ReadableFile.contents(of: Fixtures.path("golden/llama_recipes.json")))
        let (cases, references) = (
            try JSONDecoder().decode([Case].self, from: data), try JSONDecoder().decode([ReferenceMix].self, from: data)
        )
        let indices = cases.indices.filter { cases[$0].model == model.name }
        #expect(indices.count >= 13)
        for index in indices {
            let options = try cases[index].recipeOptions()
            let assignments = try Recipe(named: cases[index].mix).assignments(
                for: model.tensors, geometry: model.geometry, options: options)
            try references[index].check(assignments, "\(cases[index].mix) \(cases[index].options)")
        }
    }
}
