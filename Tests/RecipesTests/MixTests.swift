import Foundation
import ModelArchitecture
import Recipes
import Tensors
import Testing

@Suite struct MixTests {
    /// The golden file has no 16- and 32-bit types, which have no rules, and no NVFP4, which llama-quantize does not make.
    static let mixes = Recipe.named.map(\.name).filter { !["F32", "F16", "BF16", "NVFP4"].contains($0) }

    @Test(arguments: ModelDimensions.all, [false, true])
    func everyTensorAsInLlamaQuantize(model: ModelDimensions, hasImportance: Bool) throws {
        let reference = try #require(ReferenceMix.all()[model.name])
        let tensors = model.tensors
        var options = RecipeOptions()
        options.hasImportance = hasImportance
        for mix in Self.mixes {
            // llama-quantize has no substitute for Q1_0 where rows are no whole blocks.
            if mix == "Q1_0", model.name == "xverse-moe-a4.2b-unpadded" { continue }
            let expected = try #require(reference[mix + (hasImportance ? "+imatrix" : "")], "\(mix)")
            let assignments = try Recipe(named: mix).assignments(
                for: tensors, geometry: model.geometry, options: options)
            #expect(assignments.map(\.index) == Array(tensors.indices))
            try expected.check(assignments, "\(mix)")
        }
    }

    @Test(arguments: [("F32", TensorType.f32), ("F16", .f16), ("bf16", .bf16), ("Q8_0", .q8_0)])
    func plainTypesLeaveOnlyNormsAndRouters(name: String, type: TensorType) throws {
        let model = ModelDimensions.xverse(padded: false)
        let assignments = try Recipe(named: name).assignments(for: model.tensors, geometry: model.geometry)
        for assignment in assignments {
            let isKept = assignment.tensor.name.contains("_norm.") || assignment.tensor.name.contains("_inp.")
            #expect(assignment.type == (isKept ? .f32 : type), "\(assignment.tensor.name)")
            #expect(assignment.fallbackFrom == nil)
        }
    }

    /// `enum llama_ftype`.
    @Test(arguments: [
        ("F32", UInt32(0)), ("F16", 1), ("Q4_0", 2), ("Q4_1", 3), ("Q8_0", 7), ("Q5_0", 8), ("Q5_1", 9), ("Q2_K", 10),
        ("Q3_K_S", 11), ("Q3_K_M", 12), ("Q3_K_L", 13), ("Q4_K_S", 14), ("Q4_K_M", 15), ("Q5_K_S", 16), ("Q5_K_M", 17),
        ("Q6_K", 18), ("IQ2_XXS", 19), ("IQ2_XS", 20), ("Q2_K_S", 21), ("IQ3_XS", 22), ("IQ3_XXS", 23), ("IQ1_S", 24),
        ("IQ4_NL", 25), ("IQ3_S", 26), ("IQ3_M", 27), ("IQ2_S", 28), ("IQ2_M", 29), ("IQ4_XS", 30), ("IQ1_M", 31),
        ("BF16", 32), ("TQ1_0", 36), ("TQ2_0", 37), ("MXFP4_MOE", 38), ("NVFP4", 39), ("Q1_0", 40), ("Q2_0", 41),
    ])
    func fileTypeNumbers(name: String, number: UInt32) throws {
        #expect(try Recipe(named: name).fileType == number)
        #expect(try Recipe(named: name.lowercased()).name == name)
    }

    @Test func everyMixOfTheFormat() {
        #expect(Recipe.named.count == 36)
        #expect(Set(Recipe.named.map(\.fileType)).count == Recipe.named.count)
    }

    @Test(arguments: [("q3_k", "Q3_K_M"), ("Q4_K", "Q4_K_M"), ("Q5_K", "Q5_K_M")])
    func otherNames(alias: String, name: String) throws { #expect(try Recipe(named: alias).name == name) }

    @Test func unknownNamesAreRefusedWithTheKnownOnes() throws {
        let error = try #require(throws: RecipeError.self) { try Recipe(named: "Q9_K") }
        #expect(error.kind == .unknownRecipe("Q9_K", known: (Recipe.named + Recipe.presets).map(\.name)))
        #expect(error.diagnostic.fault == .usage)
        #expect(error.diagnostic.advice?.description.contains("Q4_K_M") == true)
    }

    @Test func recipesPrintTheirRules() throws {
        let lines = try Recipe(named: "IQ1_S").lines
        #expect(lines.first?.hasPrefix("IQ1_S: IQ1_S") == true)
        #expect(lines.contains { $0.contains("attn_v, 4 or more experts: Q4_K") })
        #expect(
            lines.contains {
                $0.contains("ffn_down_exps") && $0.contains("running number below layers/8") && $0.contains("Q2_K")
            })
        #expect(try Recipe(named: "F16").lines == ["F16: F16"])
    }
}
