import Foundation
import GGUF
import TestSupport
import Testing

/// `--normalize-experts` against PyTorch; see Tests/Generators/expert_normalization.py.
@Suite struct ExpertNormalizationTests {
    struct Case: Decodable, CustomTestStringConvertible {
        let model: String
        /// Of Fixtures, or the text itself.
        let file: String?
        let text: String?
        let context: Int
        let windows: Int
        /// Per token, for `on` and `off`.
        let nats: [String: Double]

        var testDescription: String { model }

        static let all = Fixtures.cases(in: "golden/expert_normalization.json") { path in
            try JSONDecoder().decode([Case].self, from: Data(path: path))
        }

        /// The checkpoint in a workspace, `norm_topk_prob` being as given.
        func checkpoint(in workspace: Workspace, configured: Bool?) throws -> String {
            let path = try workspace.checkpoint(ofFixture: model)
            let configuration = "\(path)/config.json"
            var keys = try #require(
                JSONSerialization.jsonObject(with: Data(path: configuration)) as? [String: Any])
            keys["norm_topk_prob"] = configured
            try FileManager.default.removeItem(atPath: configuration)
            try JSONSerialization.data(withJSONObject: keys).write(to: URL(filePath: configuration))
            return path
        }

        func nats(of model: String, in workspace: Workspace, _ options: String...) async throws -> Double {
            let file = try file.map { Fixtures.path($0) } ?? workspace.write("text.txt", Array((text ?? "").utf8))
            let outcome = try await Swage.run(
                [
                    "perplexity", model, "--text", file, "--context", "\(context)", "--chunks", "\(windows)", "--json",
                ] + options)
            try #require(outcome.status == 0, "\(outcome.error)")
            return try #require(outcome.json(PerplexityReport.self).texts.first).nats.perToken.value
        }
    }

    /// Far less than what the setting changes, more than the order of sums does.
    private static let tolerance = 2e-4

    @Test func thereAreCases() throws {
        let cases = try Case.all.get()
        #expect(cases.count == 3)
        for value in cases {
            #expect(abs((value.nats["on"] ?? 0) - (value.nats["off"] ?? 0)) > 5 * Self.tolerance)
        }
    }

    /// What the option says goes before `norm_topk_prob`, and where neither says anything weights are scaled.
    @Test(arguments: try Case.all.get())
    func numbersAreThoseOfPyTorch(value: Case) async throws {
        try Conformance.row("checkpoints/normalize-experts")
        for (configured, option, expected) in [
            (nil, "auto", "on"), (nil, "on", "on"), (nil, "off", "off"), (true, "auto", "on"), (true, "off", "off"),
            (false, "auto", "off"), (false, "on", "on"),
        ] as [(Bool?, String, String)] {
            let workspace = try Workspace()
            let checkpoint = try value.checkpoint(in: workspace, configured: configured)
            let nats = try await value.nats(of: checkpoint, in: workspace, "--normalize-experts", option)
            let reference = try #require(value.nats[expected])
            let configuration = configured.map { "\($0)" } ?? "left out"
            #expect(abs(nats - reference) < Self.tolerance, "norm_topk_prob \(configuration), \(option)")
        }
    }

    /// The file says what was chosen, computes so, and its copies say it too.
    @Test(arguments: [("on", true), ("off", false), ("auto", true)])
    func filesSayWhatWasChosen(option: String, normalizes: Bool) async throws {
        try Conformance.row("checkpoints/normalize-experts")
        let workspace = try Workspace()
        let value = try #require(Case.all.get().last)
        let checkpoint = try value.checkpoint(in: workspace, configured: nil)
        let options = ["--normalize-experts", option]
        let (converted, quantized) = (workspace.file("converted.gguf"), workspace.file("quantized.gguf"))
        let (copied, requantized) = (workspace.file("copied.gguf"), workspace.file("requantized.gguf"))
        for command in [
            ["convert", checkpoint, "-o", converted] + options,
            ["quantize", checkpoint, "-o", quantized, "--type", "Q8_0"] + options,
            ["convert", converted, "-o", copied], ["quantize", converted, "-o", requantized, "--type", "Q8_0"],
        ] {
            let outcome = try await Swage.run(command)
            #expect(outcome.status == 0, "\(outcome.error)")
        }
        for path in [converted, quantized, copied, requantized] {
            let metadata = try GGUFFile(path: path).metadata
            #expect(metadata["bailingmoe.expert_weights_norm"] == .bool(normalizes))
            #expect(metadata.string("swage.experts.normalization") == (option == "auto" ? nil : option))
        }
        let nats = try await value.nats(of: converted, in: workspace)
        let reference = try #require(value.nats[normalizes ? "on" : "off"])
        #expect(abs(nats - reference) < Self.tolerance)
    }

    @Test(arguments: ["models/random/xverse-dense", "models/random/llama-linear"])
    func modelsWithoutExperts(model: String) async throws {
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint(ofFixture: model)
        let file = workspace.file("model.gguf")
        #expect(try await Swage.run("convert", checkpoint, "-o", file).status == 0)
        for path in [checkpoint, file] {
            for option in ["on", "off"] {
                let outcome = try await Swage.run("inspect", path, "--normalize-experts", option)
                #expect(outcome.status == 2 && outcome.output.isEmpty)
                #expect(outcome.error.contains("\(path): the model has no experts whose weights"), "\(outcome.error)")
                #expect(outcome.error.contains("leave out --normalize-experts"))
            }
            #expect(try await Swage.run("inspect", path, "--normalize-experts", "auto").status == 0)
        }
    }

    /// Mixtral's architecture scales always.
    @Test func aModelThatCannotBeWrittenWithout() async throws {
        let checkpoint = Fixtures.path("models/apus-xdan-tiny")
        let outcome = try await Swage.run("inspect", checkpoint, "--normalize-experts", "off")
        #expect(outcome.status == 3)
        #expect(outcome.error.contains("llama has no place for expert weights that are not renormalised"))
        #expect(try await Swage.run("inspect", checkpoint, "--normalize-experts", "on").status == 0)
    }
}

extension Workspace {
    /// A folder with a checkpoint of the fixtures; files that are stored as they are are links.
    func checkpoint(ofFixture name: String) throws -> String {
        let (source, path) = (Fixtures.path(name), file("fixture"))
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        func link(_ folder: String) throws {
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) where !file.hasSuffix(".zst") {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(path)/\(file)", withDestinationPath: "\(folder)/\(file)")
            }
        }
        try link(source)
        let packed = "model.safetensors.zst"
        guard FileManager.default.fileExists(atPath: "\(source)/\(packed)") else { return path }
        try link(Fixtures.path("models/random/tokenizer"))
        try Data(Fixtures.decompressed("\(name)/\(packed)")).write(to: URL(filePath: path + "/model.safetensors"))
        return path
    }
}
