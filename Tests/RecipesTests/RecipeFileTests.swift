import Files
import Foundation
import Recipes
import Tensors
import TestSupport
import Testing

@Suite struct RecipeFileTests {
    @Test(arguments: ModelDimensions.all, [false, true])
    func aMixReadFromItsTextGivesTheSameTypes(model: ModelDimensions, hasImportance: Bool) throws {
        let tensors = model.tensors
        var options = RecipeOptions()
        options.hasImportance = hasImportance
        for mix in Recipe.named {
            let copy = try Recipe(json: Array(mix.json.utf8))
            #expect(copy == mix)
            #expect(
                try copy.assignments(for: tensors, geometry: model.geometry, options: options)
                    == mix.assignments(for: tensors, geometry: model.geometry, options: options))
        }
    }

    @Test func whatWasAskedForIsPartOfTheRecipe() throws {
        let model = ModelDimensions.xverse(padded: true)
        var options = RecipeOptions()
        options.hasImportance = true
        options.embeddingType = .q5_K
        options.leavesOutput = true
        options.overrides = [
            try TypeOverride(argument: #"blk\.(0|1)\.ffn_down=Q8_0"#), try TypeOverride(argument: "shexp=Q6_K"),
        ]
        var plain = RecipeOptions()
        plain.hasImportance = true
        let recipe = try Recipe(named: "IQ2_S")
        let copy = try Recipe(json: Array(recipe.applying(options).json.utf8))
        #expect(
            try copy.assignments(for: model.tensors, geometry: model.geometry, options: plain)
                == recipe.assignments(for: model.tensors, geometry: model.geometry, options: options))
    }

    /// Every field at least once.
    static let example = #"""
        {
          "version": 1,
          "name": "mine",
          "fileType": 15,
          "base": "q4_k",
          "importanceRequired": ["IQ2_XS", "Q2_K"],
          "rules": [
            {"names": ["blk.3.attn_q.weight", "blk.5.attn_q.weight"], "type": "as stored"},
            {"pattern": "blk\\.(0|1)\\.attn", "type": "Q8_0", "reason": "the \"first\" two"},
            {"roles": ["ffn_down_exps"], "when": {"number": {"by": "layer", "from": 2, "below": 4}}, "type": "Q6_K"},
            {"roles": ["attn_v"], "when": {"number": {"below": 1000000}, "experts": 64}, "type": "F16"},
            {"roles": ["attn_k"], "pattern": "\\.7\\.", "when": {"layers": 28}, "type": "Q5_K", "reason": "it is seven"},
            {"roles": ["attn_k"], "when": {"rowNotMultipleOf": 100, "importance": true}, "type": "IQ4_NL"},
            {"roles": ["attn_output"], "when": {"number": {"by": "running", "part": "middle"}}, "type": "Q5_0"},
            {"roles": ["attn_output"], "when": {"number": {"by": "running", "belowLayersOver": 8}}, "type": "Q5_1"},
            {"roles": ["attn_q"], "when": {"number": {"lastLayersOver": 14}}, "type": "Q6_K"},
            {"when": {"stack": true, "expertsAtLeast": 64, "queryGroupAtLeast": 1}, "type": "Q3_K"}
          ]
        }
        """#

    @Test func everyField() throws {
        let recipe = try Recipe(json: Array(Self.example.utf8))
        #expect(recipe.name == "mine" && recipe.fileType == 15 && recipe.baseType == .q4_K)
        #expect(recipe.importanceTypes == [.iq2_XS, .q2_K])
        #expect(try Recipe(json: Array(recipe.json.utf8)) == recipe)
        let model = ModelDimensions.xverse(padded: true)
        var options = RecipeOptions()
        options.hasImportance = true
        let list = try recipe.assignments(for: model.tensors, geometry: model.geometry, options: options)
        let types = Dictionary(uniqueKeysWithValues: list.map { ($0.tensor.name, $0) })
        let expected: [String: TensorType] = [
            "blk.3.attn_q.weight": .bf16, "blk.4.attn_q.weight": .q4_K,
            "blk.25.attn_q.weight": .q4_K, "blk.26.attn_q.weight": .q6_K, "blk.27.attn_q.weight": .q6_K,
            "blk.0.attn_q.weight": .q8_0,
            "blk.1.attn_v.weight": .q8_0, "blk.1.ffn_down_exps.weight": .q3_K, "blk.2.ffn_down_exps.weight": .q6_K,
            "blk.3.ffn_down_exps.weight": .q6_K, "blk.4.ffn_down_exps.weight": .q3_K, "blk.9.attn_v.weight": .f16,
            "blk.7.attn_k.weight": .q5_K, "blk.8.attn_k.weight": .iq4_NL,
            // Those of the layers 0 and 1 are decided by name and not numbered: layer 2 has the running number 0.
            "blk.2.attn_output.weight": .q5_1, "blk.4.attn_output.weight": .q5_1, "blk.5.attn_output.weight": .q5_0,
            "blk.25.attn_output.weight": .q5_0, "blk.26.attn_output.weight": .q4_K,
            "blk.2.ffn_up_exps.weight": .q3_K, "blk.2.ffn_up_shexp.weight": .q4_K, "output.weight": .q4_K,
        ]
        for (name, type) in expected { #expect(types[name]?.type == type, "\(name)") }
        #expect(types["blk.0.attn_q.weight"]?.reason == #"the "first" two"#)
        #expect(types["blk.7.attn_k.weight"]?.reason == #"mine: attn_k, names with \.7\., 28 layers (it is seven)"#)
        #expect(types["blk.9.attn_v.weight"]?.reason == "mine: attn_v, layer below 1000000, 64 experts")
    }

    @Test(arguments: [
        (TensorType.q4_K, UInt32(14)), (.q5_K, 16), (.q3_K, 11), (.mxfp4, 38), (.q2_K, 10), (.iq2_S, 28), (.bf16, 32),
    ])
    func theFileTypeFollowsTheBase(base: TensorType, number: UInt32) throws {
        let text = #"{"version": 1, "name": "x", "base": "\#(base.name)"}"#
        #expect(try Recipe(json: Array(text.utf8)).fileType == number)
    }

    private static func rule(_ fields: String) -> String {
        #"{"version": 1, "name": "x", "base": "Q4_K", "rules": [{"type": "Q4_K"}, {\#(fields)}]}"#
    }

    @Test(
        arguments: [
            ("[]", "an object expected, found a list of 0", nil),
            ("{}", #"the field "version" is missing"#, nil),
            (#"{"version": 2, "name": "x", "base": "Q4_K"}"#, "a recipe of version 2", "version"),
            (#"{"version": 1, "base": "Q4_K"}"#, #"the field "name" is missing"#, nil),
            (#"{"version": 1, "name": 3, "base": "Q4_K"}"#, "found 3", "name"),
            (#"{"version": 1, "name": "a\u001b[2J", "base": "Q4_K"}"#, #"found "a [2J""#, "name"),
            (#"{"version": 1, "name": "x"}"#, #"the field "base" is missing"#, nil),
            (#"{"version": 1, "name": "x", "base": "Q9"}"#, #"Q4_K, Q5_K, Q6_K"#, "base"),
            (#"{"version": 1, "name": "x", "base": "I32"}"#, #"found "I32""#, "base"),
            (#"{"version": 1, "name": "x", "base": "Q4_K", "rule": []}"#, #"no field "rule""#, nil),
            (#"{"version": 1, "name": "x", "base": "Q4_K", "fileType": -1}"#, "found -1", "fileType"),
            (#"{"version": 1, "name": "x", "base": "Q4_K", "rules": {}}"#, "a list of rules expected", "rules"),
            (
                #"{"version": 1, "name": "x", "base": "Q4_K", "importanceRequired": [1]}"#, "found 1",
                "importanceRequired[0]"
            ),
            (rule(#""roles": ["attn_v"]"#), #"the field "type" is missing"#, "rules[1]"),
            (rule(#""type": null"#), "found null", "rules[1].type"),
            (rule(#""type": "Q4_K", "roles": ["attn"]"#), #"found "attn""#, "rules[1].roles[0]"),
            (rule(#""type": "Q4_K", "roles": "attn_v""#), "a list of roles expected", "rules[1].roles"),
            (rule(#""type": "Q4_K", "role": "attn_v""#), #"no field "role""#, "rules[1]"),
            (rule(#""type": "Q4_K", "names": [""]"#), #"found """#, "rules[1].names[0]"),
            (rule(#""type": "Q4_K", "pattern": "(""#), "not a regular expression", "rules[1].pattern"),
            (rule(#""type": "Q4_K", "when": {"expert": 8}"#), #"no field "expert""#, "rules[1].when"),
            (rule(#""type": "Q4_K", "when": {"experts": 8.5}"#), "found 8.5", "rules[1].when.experts"),
            (rule(#""type": "Q4_K", "when": {"importance": 1}"#), "true or false expected", "rules[1].when.importance"),
            (rule(#""type": "Q4_K", "when": {"rowNotMultipleOf": 0}"#), "found 0", "rules[1].when.rowNotMultipleOf"),
            (rule(#""type": "Q4_K", "when": {"number": {}}"#), "found nothing", "rules[1].when.number"),
            (
                rule(#""type": "Q4_K", "when": {"number": {"by": "row", "below": 1}}"#), #"found "row""#,
                "rules[1].when.number.by"
            ),
            (
                rule(#""type": "Q4_K", "when": {"number": {"by": "running", "below": 1}}"#), "the roles to number",
                "rules[1].when"
            ),
            (
                rule(#""type": "Q4_K", "when": {"number": {"from": 3, "below": 1}}"#), "3 or more",
                "rules[1].when.number.below"
            ),
            (
                rule(#""type": "Q4_K", "when": {"number": {"from": 3, "part": "middle"}}"#), "found from, part",
                "rules[1].when.number"
            ),
            (
                rule(#""type": "Q4_K", "when": {"number": {"belowLayersOver": 0}}"#), "found 0",
                "rules[1].when.number.belowLayersOver"
            ),
            (
                rule(#""type": "Q4_K", "when": {"number": {"part": "end"}}"#), "sensitive, middle",
                "rules[1].when.number.part"
            ),
        ] as [(String, String, String?)])
    func malformedRecipes(text: String, words: String, place: String?) throws {
        let error = try #require(throws: RecipeError.self) { try Recipe(json: Array(text.utf8), file: "mine.json") }
        #expect(error.description.contains(words), "\(error)")
        #expect(error.diagnostic.place == place)
        #expect(error.diagnostic.file == "mine.json")
        #expect(error.diagnostic.fault == .input)
        #expect(error.diagnostic.advice != nil)
    }

    @Test func whatIsNoJSONIsRefusedWithTheFile() throws {
        for text in ["", "{", #"{"version": 1, "version": 1}"#, String(repeating: "[", count: 100_000)] {
            let error = try #require(throws: (any Error).self) { try Recipe(json: Array(text.utf8), file: "x.json") }
            #expect((error as? any DiagnosticError)?.diagnostic.file == "x.json", "\(error)")
        }
        let long = [UInt8](repeating: UInt8(ascii: " "), count: (1 << 22) + 1)
        #expect(throws: RecipeError.self) { try Recipe(json: long) }
    }

    @Test func filesOfOverrides() throws {
        try Fixtures.withTemporaryDirectory { try checkOverrides(inFile: $0 + "/types.txt") }
    }

    private func checkOverrides(inFile path: String) throws {
        try Data("attn_v=Q8_0 blk\\.0=q5_k\n\n\tFFN_down=iq4_nl\r\n".utf8).write(to: URL(filePath: path))
        let overrides = try TypeOverride.list(contentsOf: path)
        #expect(overrides.map(\.pattern.text) == ["attn_v", #"blk\.0"#, "FFN_down"])
        #expect(overrides.map(\.type) == [.q8_0, .q5_K, .iq4_NL])
        try Data("attn_v=Q8_0\nattn_k Q8_0\n".utf8).write(to: URL(filePath: path))
        let error = try #require(throws: RecipeError.self) { try TypeOverride.list(contentsOf: path) }
        #expect(error.kind == .malformedOverride("attn_k"))
        #expect(error.diagnostic.place == "line 2" && error.diagnostic.file == path && error.diagnostic.fault == .input)
    }
}
