import Foundation
import GGUF
import Models
import TestSupport
import Testing

/// Recipes as files, in files, and before anything is written.
@Suite struct RecipeTests {
    @Test func printedRecipesMakeTheSameFile() async throws {
        let workspace = try Workspace()
        let model = try await Products.original.value
        let choices = ["--tensor-type", "attn_k=Q8_0", "--embedding-type", "Q5_K"]
        let printed = try await Swage.run(
            ["quantize", model, "--type", "Q4_K_M", "--print-recipe"] + choices)
        #expect(printed.status == 0 && printed.error.isEmpty)
        let recipe = try workspace.write("recipe.json", printed.output.utf8)
        let (byName, byFile, byModel) = (workspace.file("a.gguf"), workspace.file("b.gguf"), workspace.file("c.gguf"))
        let quantize = ["quantize", model, "-o"]
        #expect(try await Swage.run(quantize + [byName, "--type", "Q4_K_M"] + choices).status == 0)
        #expect(try await Swage.run(quantize + [byFile, "--recipe", recipe]).status == 0)
        #expect(try await Swage.run(quantize + [byModel, "--recipe", byName]).status == 0)
        let bytes = try Data(path: byName)
        #expect(try Data(path: byFile) == bytes)
        #expect(try Data(path: byModel) == bytes)
        #expect(try GGUFFile(path: byName).metadata.string("swage.recipe") == printed.output)
        let extracted = try await Swage.run("quantize", model, "--recipe", byName, "--print-recipe")
        #expect(extracted.output == printed.output)
    }

    @Test(arguments: ["checkpoint", "file", "unpadded checkpoint"])
    func theDryRunSaysTheSizesOfTheRealOne(kind: String) async throws {
        let workspace = try Workspace()
        let output = workspace.file("out.gguf")
        var request = ["quantize", kind == "file" ? try await Products.original.value : Products.checkpoint]
        request += ["--type", "IQ4_NL", "--output-type", "Q6_K"]
        if kind == "unpadded checkpoint" { request += ["--pad-experts", "off"] }
        let dry = try await Swage.run(request + ["--dry-run"])
        let real = try await Swage.run(request + ["-o", output])
        #expect(dry.status == 0 && real.status == 0, "\(dry.error)\(real.error)")
        let lines = dry.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let inspection = try await Swage.run("inspect", output, "--tensors", "--json").json(Inspection.self)
        let tensors = try #require(inspection.tensors)
        for tensor in tensors {
            let line = try #require(lines.first { $0.first == tensor.name })
            #expect(line.contains(tensor.type) && line.contains("\(tensor.bytes)"), "\(line)")
        }
        #expect(dry.output.contains("\n\(tensors.reduce(0) { $0 + $1.bytes }) bytes of tensor data, "))
        #expect(dry.output.hasSuffix("\n\(try Data(path: output).count) bytes of file\n"))
    }

    @Test func theOutputMatrixCanBeLeft() async throws {
        let outcome = try await Swage.run(
            "quantize", Products.checkpoint, "--type", "Q4_K_M", "--leave-output", "--dry-run")
        #expect(outcome.status == 0)
        let line = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("output.weight") })
        #expect(line.contains("BF16  BF16") && line.contains("left as it is"))
    }

    @Test func overridesFromAFileComeAfterTheOthers() async throws {
        let workspace = try Workspace()
        let file = try workspace.write("types.txt", "attn_q=Q8_0 attn_v=Q8_0\nnone=Q8_0\n".utf8)
        let outcome = try await Swage.run(
            "quantize", Products.checkpoint, "--type", "Q4_K_M", "--tensor-type-file", file, "--tensor-type",
            "attn_q=Q5_0", "--dry-run")
        #expect(outcome.status == 0)
        #expect(outcome.error.hasPrefix("warning: none matches no tensor\n"))
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.filter { $0.hasSuffix("override attn_q=Q5_0") }.count == 4)
        #expect(lines.filter { $0.hasSuffix("override attn_v=Q8_0") }.count == 4)
    }

    @Test func fallbacksSayWhatTheyCostAndHowToAvoidThem() async throws {
        let request = ["--type", "Q4_K_M", "--dry-run"]
        let checkpoint = try await Swage.run(["quantize", Products.checkpoint, "--pad-experts", "off"] + request)
        #expect(checkpoint.error.contains("5.5 bits per weight instead of 4.5; --pad-experts on avoids it"))
        let file = try await Swage.run(["quantize", try await Products.unpadded.value] + request)
        #expect(file.error.contains("; convert the checkpoint with --pad-experts on to avoid it"))
        let padded = try await Swage.run(["quantize", Products.checkpoint, "--pad-experts", "on"] + request)
        #expect(padded.status == 0 && !padded.error.contains("warning: "))
    }

    private static func recipe(_ text: String, _ options: String...) -> @Sendable (Workspace) async throws -> [String] {
        { workspace in
            let path = try workspace.write("recipe.json", text.utf8)
            return ["quantize", Products.checkpoint, "-o", "{out}", "--recipe", path] + options
        }
    }

    private static let refusals = [
        Refusal("neither mix nor recipe", status: 2, "--type TYPE, a recipe with --recipe FILE") { _ in
            ["quantize", Products.checkpoint, "-o", "{out}"]
        },
        Refusal("both", status: 2, "--type TYPE, a recipe", arguments: recipe("{}", "--type", "Q4_K_M")),
        Refusal("output left and not", status: 2, "exclude each other") { _ in
            [
                "quantize", Products.checkpoint, "-o", "{out}", "--type", "Q4_K_M", "--leave-output", "--output-type",
                "Q8_0",
            ]
        },
        Refusal("no JSON", status: 3, "recipe.json: byte 0", "not valid JSON", arguments: recipe("rules")),
        Refusal(
            "an unknown field", status: 3, "recipe.json: rules[0]: there is no field \"layer\" here",
            "known fields: roles",
            arguments: recipe(#"{"version":1,"name":"x","base":"Q4_K","rules":[{"type":"Q8_0","layer":3}]}"#)),
        Refusal("a recipe that is not there", status: 3, "none.json: cannot open") { workspace in
            ["quantize", Products.checkpoint, "-o", "{out}", "--recipe", workspace.file("none.json")]
        },
        Refusal("a GGUF without recipe", status: 3, "original.gguf: swage.recipe", "does not say by which recipe") {
            _ in
            ["quantize", Products.checkpoint, "-o", "{out}", "--recipe", try await Products.original.value]
        },
        Refusal("overrides that are none", status: 3, "types.txt: line 2: \"attn_v\" is not REGEX=TYPE") { workspace in
            let path = try workspace.write("types.txt", "a=Q8_0\nattn_v\n".utf8)
            return ["quantize", Products.checkpoint, "-o", "{out}", "--type", "Q4_K_M", "--tensor-type-file", path]
        },
        Refusal("the recipe as output", status: 2, "the output is also an input") { workspace in
            let path = try workspace.write("recipe.json", #"{"version":1,"name":"x","base":"Q8_0"}"#.utf8)
            return ["quantize", Products.checkpoint, "-o", path, "--recipe", path]
        },
    ]

    @Test(arguments: refusals) func refusedRecipes(refusal: Refusal) async throws { try await refusal.check() }
}
