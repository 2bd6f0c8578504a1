import Recipes
import Testing

/// Swage's own mixes.
@Suite struct PresetTests {
    /// On the real geometry of XVERSE-MoE-A4.2B, padded.
    @Test(arguments: [("SW1", 1.6), ("sw2", 2.1), ("SW3", 3.1), ("SW4", 4.25)])
    func hasItsBits(name: String, bitsPerWeight: Double) throws {
        let model = ModelDimensions.xverse(padded: true)
        var options = RecipeOptions()
        options.hasImportance = true
        let assignments = try Recipe(named: name).assignments(
            for: model.tensors, geometry: model.geometry, options: options)
        #expect(assignments.allSatisfy { $0.fallbackFrom == nil })
        let routed = assignments.filter { $0.tensor.name.contains("_exps") }
        #expect(abs(try SizeEstimate(routed).bitsPerWeight / bitsPerWeight - 1) < 0.04)
        #expect(try SizeEstimate(assignments).bitsPerWeight < 1.2 * bitsPerWeight)
        // Small matrices that every token passes have more bits than the experts.
        let bits = Dictionary(uniqueKeysWithValues: assignments.map { ($0.tensor.name, $0.type.bitsPerElement) })
        for layer in 0..<28 {
            let gate = try #require(bits["blk.\(layer).ffn_up_exps.weight"])
            for small in ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_down_exps"] {
                #expect(try #require(bits["blk.\(layer).\(small).weight"]) >= gate)
            }
        }
    }

    @Test func areOtherThanTheMixes() throws {
        #expect(Set(Recipe.presets.map(\.name)).isDisjoint(with: Recipe.named.map(\.name)))
        for recipe in Recipe.presets { #expect(try Recipe(json: Array(recipe.json.utf8)) == recipe) }
    }
}
