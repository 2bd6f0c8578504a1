import Foundation
import Recipes
import Tensors
import Testing

@Suite struct RecipeOptionsTests {
    let padded = ModelDimensions.xverse(padded: true)
    let unpadded = ModelDimensions.xverse(padded: false)

    func types(
        _ mix: String, _ model: ModelDimensions, without name: String? = nil,
        _ change: (inout RecipeOptions) throws -> Void
    ) throws -> [String: TypeAssignment] {
        var options = RecipeOptions()
        try change(&options)
        let tensors = model.tensors.filter { $0.name != name }
        let assignments = try Recipe(named: mix).assignments(for: tensors, geometry: model.geometry, options: options)
        return Dictionary(uniqueKeysWithValues: assignments.map { ($0.tensor.name, $0) })
    }

    @Test func firstMatchingOverrideBeatsTheRulesButNotWhatIsKept() throws {
        let types = try types("Q4_K_M", padded) {
            $0.overrides = [
                try TypeOverride(argument: #"blk\.(0|1)\.ffn_down=Q8_0"#),
                try TypeOverride(argument: "ffn_down_exps=q5_k"),
                try TypeOverride(argument: "ATTN_V=q2_K"), try TypeOverride(argument: "(?=output)=F16"),
                try TypeOverride(argument: "norm|ffn_gate_inp=Q4_0"),
            ]
        }
        #expect(types["blk.0.ffn_down_exps.weight"]?.type == .q8_0)
        #expect(types["blk.1.ffn_down_shexp.weight"]?.type == .q8_0)
        #expect(types["blk.2.ffn_down_exps.weight"]?.type == .q5_K)
        #expect(types["blk.10.ffn_down_exps.weight"]?.type == .q5_K)
        #expect(types["blk.2.ffn_down_shexp.weight"]?.type == .q6_K)
        #expect(types["blk.27.attn_v.weight"]?.type == .q2_K)
        #expect(types["output.weight"]?.type == .f16)
        #expect(types["blk.3.attn_output.weight"]?.type == .f16)
        #expect(types["blk.3.attn_norm.weight"]?.type == .f32)
        #expect(types["blk.3.ffn_gate_inp.weight"]?.type == .f32)
        #expect(types["blk.0.ffn_down_exps.weight"]?.reason == #"override blk\.(0|1)\.ffn_down=Q8_0"#)
    }

    /// As in llama-quantize: an overridden tensor does not use up a place among the first eighth.
    @Test func overriddenTensorsAreNotNumbered() throws {
        let types = try types("IQ1_S", padded) {
            $0.overrides = [try TypeOverride(argument: "ffn_down_shexp=Q8_0")]
        }
        for layer in 0..<4 {
            #expect(types["blk.\(layer).ffn_down_exps.weight"]?.type == (layer < 3 ? .q2_K : .iq1_S))
        }
    }

    @Test func explicitOutputAndEmbeddingTypesBeatOverrides() throws {
        let types = try types("Q4_K_M", padded) {
            $0.outputType = .q8_0
            $0.embeddingType = .q5_K
            $0.overrides = [try TypeOverride(argument: "output|token_embd=Q2_K")]
        }
        #expect(types["output.weight"]?.type == .q8_0)
        #expect(types["token_embd.weight"]?.type == .q5_K)
        #expect(types["blk.0.attn_output.weight"]?.type == .q2_K)
    }

    @Test func tiedEmbeddingIsTreatedAsOutput() throws {
        #expect(try types("IQ2_XXS", padded, without: "output.weight") { _ in }["token_embd.weight"]?.type == .q5_K)
        let explicit = try types("IQ2_XXS", padded, without: "output.weight") { $0.outputType = .q8_0 }
        #expect(explicit["token_embd.weight"]?.type == .q8_0)
        #expect(explicit["token_embd.weight"]?.needsImportance == false)
    }

    @Test func pureLeavesOnlyTheBaseTypeAndOverrides() throws {
        let types = try types("Q4_K_M", padded) {
            $0.isPure = true
            $0.overrides = [try TypeOverride(argument: "attn_v=Q8_0")]
        }
        for (name, assignment) in types where name.hasSuffix(".weight") && !name.contains("_norm") {
            let expected: TensorType = name.contains("_inp") ? .f32 : name.contains("attn_v") ? .q8_0 : .q4_K
            #expect(assignment.type == expected, "\(name)")
        }
    }

    @Test func fallbacksAreRecordedPerTensor() throws {
        let types = try types("IQ2_XXS", unpadded) { _ in }
        let down = try #require(types["blk.9.ffn_down_exps.weight"])
        #expect(down.type == .iq4_NL)
        #expect(down.fallbackFrom == .iq2_XXS)
        #expect(!down.needsImportance)
        #expect(types.values.filter { $0.fallbackFrom != nil }.count == 2 * 28)
    }

    @Test func refusedFallbackNamesTheTensor() throws {
        let error = try #require(throws: RecipeError.self) {
            try types("Q4_K_M", unpadded) { $0.allowsFallback = false }
        }
        #expect(
            error.kind
                == .rowsAreNotBlocks(
                    tensor: "blk.0.ffn_down_exps.weight", rowLength: 1728, type: .q6_K, fallback: .q8_0))
        #expect(error.diagnostic.place == "blk.0.ffn_down_exps.weight")
        #expect(error.diagnostic.advice?.description.contains("pad") == true)
        _ = try types("Q4_K_M", padded) { $0.allowsFallback = false }
    }

    /// The substitutes of llama-quantize; F16 where not even blocks of 32 fit.
    @Test(arguments: [
        ("IQ1_S", TensorType.iq4_NL), ("IQ2_XXS", .iq4_NL), ("Q2_K_S", .q4_0), ("Q4_K_S", .q5_0), ("Q5_K_S", .q5_1),
        ("Q6_K", .q8_0),
    ])
    func substitutes(mix: String, substitute: TensorType) throws {
        let geometry = ModelGeometry(layerCount: 1, headCount: 1, keyValueHeadCount: 1, expertCount: 0)
        for (rowLength, expected) in [(96, substitute), (40, .f16)] {
            let shape = try #require(TensorShape([rowLength, 3]))
            let tensor = try #require(TensorDescriptor(name: "blk.0.attn_q.weight", shape: shape, type: .f32))
            let assignment = try #require(try Recipe(named: mix).assignments(for: [tensor], geometry: geometry).first)
            #expect(assignment.type == expected)
            #expect(assignment.sourceType == .f32)
        }
    }

    @Test func vectorsWholeNumbersAndNonWeightsAreKept() throws {
        let geometry = ModelGeometry(layerCount: 1, headCount: 1, keyValueHeadCount: 1, expertCount: 0)
        let tensors = try [
            ("blk.0.attn_q.weight", [256, 1], TensorType.f32), ("blk.0.attn_q.bias", [256, 2], .f16),
            ("blk.0.ids.weight", [256, 2], .i32),
        ].map { name, shape, type in
            let shape = try #require(TensorShape(shape))
            return try #require(TensorDescriptor(name: name, shape: shape, type: type))
        }
        let assignments = try Recipe(named: "Q4_K_M").assignments(for: tensors, geometry: geometry)
        #expect(assignments.map(\.type) == [.f32, .f16, .i32])
        #expect(assignments.allSatisfy { $0.reason.hasPrefix("kept: ") })
    }

    /// llama-quantize demands it for IQ1 and IQ2 tensors, and for Q2_K in a Q2_K_S file; output and embedding aside.
    @Test(arguments: [
        ("IQ1_S", 28 * 7 + 56 - 3), ("IQ2_XXS", 28 * 7 + 56 - 3), ("Q2_K_S", 28 * 8 + 56 - 6), ("Q4_K_M", 0),
    ])
    func importanceIsDemandedByTensor(mix: String, count: Int) throws {
        let needing = try types(mix, padded) { _ in }.values.filter(\.needsImportance)
        #expect(needing.count == count)
        #expect(!needing.contains { ["output.weight", "token_embd.weight"].contains($0.tensor.name) })
    }

    @Test func missingImportanceNamesTheTensors() throws {
        let assignments = try Recipe(named: "IQ1_S").assignments(for: padded.tensors, geometry: padded.geometry)
        try RecipeError.demandImportance(for: assignments) { _ in true }
        let error = try #require(throws: RecipeError.self) {
            try RecipeError.demandImportance(for: assignments) { !$0.hasPrefix("blk.5.attn_q") }
        }
        #expect(error.kind == .importanceMissing(tensors: ["blk.5.attn_q.weight"], type: .iq1_S))
        #expect(error.diagnostic.place == "blk.5.attn_q.weight")
    }

    @Test(arguments: ["", "=Q4_K", "attn_v"])
    func malformedOverrides(argument: String) throws {
        let error = try #require(throws: RecipeError.self) { try TypeOverride(argument: argument) }
        #expect(error.kind == .malformedOverride(argument))
    }

    @Test(arguments: ["", "Q99"])
    func overridesOfUnknownTypes(name: String) throws {
        let error = try #require(throws: RecipeError.self) { try TypeOverride(argument: "attn_v=\(name)") }
        #expect(error.kind == .unknownOverrideType(name, argument: "attn_v=\(name)"))
    }

    @Test func malformedPatternsSayWhy() throws {
        let error = try #require(throws: RecipeError.self) { try TypeOverride(pattern: "attn_(v", type: .q8_0) }
        guard case .malformedPattern("attn_(v", let reason) = error.kind else {
            Issue.record("\(error.kind)")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test func assignmentsRoundTripThroughJSON() throws {
        let assignments = try Recipe(named: "IQ1_S").assignments(for: unpadded.tensors, geometry: unpadded.geometry)
        let data = try JSONEncoder().encode(assignments)
        #expect(try JSONDecoder().decode([TypeAssignment].self, from: data) == assignments)
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.contains(#""fallbackFrom":"IQ1_S""#))
        #expect(throws: DecodingError.self) {
            let damaged = text.replacing(#""type":"IQ4_NL""#, with: #""type":"Q4_K""#)
            return try JSONDecoder().decode([TypeAssignment].self, from: Data(damaged.utf8))
        }
    }

    /// 8.29 GB and 5.55 GB: what padding the experts is worth for IQ1_S, computed with llama.cpp's mix.
    @Test func paddingIsWorthAThird() throws {
        let sizes = try [unpadded, padded].map { model in
            try SizeEstimate(Recipe(named: "IQ1_S").assignments(for: model.tensors, geometry: model.geometry))
        }
        #expect(abs(Double(sizes[0].byteCount) / 1e9 - 8.29) < 0.006)
        #expect(abs(Double(sizes[1].byteCount) / 1e9 - 5.55) < 0.006)
        #expect(sizes.allSatisfy { $0.alignedByteCount >= $0.byteCount && $0.alignedByteCount % 32 == 0 })
    }
}
