import Foundation
import GGUF
import TestSupport
import Testing

/// What every output says of its making: the version, the digests of its inputs, and the options.
@Suite(.enabled("there is no sha256sum") { FileManager.default.isExecutableFile(atPath: "/usr/bin/sha256sum") })
struct ManifestTests {
    private struct Manifest: Decodable, Equatable {
        struct Input: Decodable, Equatable {
            let kind: String
            let sha256: String
            let name: String
        }

        let version: String
        let inputs: [Input]
        let options: [String: String]
    }

    private struct Holder: Decodable { let manifest: Manifest }

    private static let text = Products.tinyText
    private static let windows = ["--context", "32", "--chunks", "2", "--text", text]

    /// The digest of a file, by a program that is not ours.
    private static func digest(_ path: String) async throws -> String {
        let run = try Swage.Run([path], program: URL(filePath: "/usr/bin/sha256sum"))
        return try await String(run.outcome().output.prefix(64))
    }

    private static func run(_ arguments: [String]) async throws -> String {
        let outcome = try await Swage.run(arguments)
        try #require(outcome.status == 0, "\(arguments): \(outcome.error)")
        return outcome.output
    }

    private static func manifest(_ json: String) throws -> Manifest {
        try JSONDecoder().decode(Holder.self, from: Data(json.utf8)).manifest
    }

    private static func manifest(ofGGUF path: String) throws -> Manifest {
        let metadata = try GGUFFile(path: path).metadata
        let inputs = try #require(metadata.strings("swage.inputs")).map { line in
            let parts = line.description.split(separator: " ", maxSplits: 2).map(String.init)
            return Manifest.Input(kind: parts[0], sha256: parts[1], name: parts[2])
        }
        let options = try #require(metadata.strings("swage.options")).map { line in
            let parts = line.description.split(separator: "=", maxSplits: 1).map(String.init)
            return (parts[0], parts[1])
        }
        return Manifest(
            version: try #require(metadata.string("swage.version")), inputs: inputs,
            options: Dictionary(uniqueKeysWithValues: options))
    }

    /// The same model and text are named alike wherever they are inputs.
    @Test func collections() async throws {
        let workspace = try Workspace()
        let base = try await Products.tinyBase.value
        let (importance, hessian) = (workspace.file("importance.gguf"), workspace.file("hessian.gguf"))
        _ = try await Self.run(["imatrix", base, "-o", importance, "--hessian", hessian] + Self.windows)
        let found = try Self.manifest(ofGGUF: importance)
        #expect(found.inputs.map(\.kind) == ["model", "text"])
        #expect(found.inputs[1].sha256 == (try await Self.digest(Self.text)))
        #expect(found.options == ["context": "32", "windows": "2"])
        #expect(try Self.manifest(ofGGUF: hessian) == found)
        let shown = try await Self.run(["imatrix", "--show", importance, "--json"])
        #expect(try Self.manifest(shown) == found)
        let alone = workspace.file("alone.gguf")
        _ = try await Self.run(["imatrix", base, "-o", alone, "--process-output"] + Self.windows)
        #expect(try Self.manifest(ofGGUF: alone).options["output-matrix"] == "included")
        #expect(try Self.manifest(ofGGUF: alone).inputs == found.inputs)

        let merged = workspace.file("merged.gguf")
        _ = try await Self.run(["imatrix", "--merge", importance, alone, "-o", merged])
        let sum = try Self.manifest(ofGGUF: merged)
        #expect(sum.inputs.map(\.kind) == ["importance", "importance", "importance.model", "importance.text"])
        #expect(sum.inputs[1].sha256 == (try await Self.digest(alone)))
        #expect(sum.options == found.options)

        let sensitivity = workspace.file("sensitivity.json")
        _ = try await Self.run(
            ["sensitivity", base, "-o", sensitivity, "--context", "32", "--chunks", "3", "--text", Self.text])
        let measured = try Self.manifest(String(decoding: Data(path: sensitivity), as: UTF8.self))
        #expect(measured.inputs == found.inputs)
        #expect(measured.options == ["context": "32", "windows": "3", "held-out": "1"])

        let fitted = workspace.file("fitted.gguf")
        _ = try await Self.run(["quantize", base, "-o", fitted, "--type", "Q4_0", "--hessian", hessian])
        let inputs = try #require(GGUFFile(path: fitted).metadata.strings("swage.inputs")).map(\.description)
        #expect(inputs == ["hessian.text \(found.inputs[1].sha256) text"])
    }

    @Test func measurements() async throws {
        let workspace = try Workspace()
        let (base, model) = (try await Products.tinyBase.value, try await Products.tinyModel.value)
        let whole = ["--context", "32", "--text", Self.text, "--json"]
        let plain = try Self.manifest(try await Self.run(["perplexity", model, "--reference", base] + whole))
        #expect(plain.inputs.map(\.kind) == ["model", "model", "text"])
        #expect(plain.inputs[2].sha256 == (try await Self.digest(Self.text)))
        #expect(plain.options == ["context": "32"])

        let scores = workspace.file("scores")
        _ = try await Self.run(["perplexity", model, "--reference", base, "--save-scores", scores] + whole)
        #expect(try Self.manifest(try await Self.run(["perplexity", "--merge-scores", scores, "--json"])) == plain)

        let predictions = workspace.file("predictions")
        let stored = try Self.manifest(
            try await Self.run(["perplexity", base, "--save-base-logits", predictions] + whole))
        #expect(stored.inputs == [plain.inputs[0], plain.inputs[2]])
        let header = try #require(
            String(decoding: Data(path: predictions).prefix(4096), as: UTF8.self).firstMatch(of: /"version":"([^"]+)"/))
        #expect(String(header.1) == plain.version)
        let compared = workspace.file("compared")
        let against = ["perplexity", model, "--base-logits", predictions, "--save-scores", compared] + whole
        let other = try Self.manifest(try await Self.run(against))
        #expect(other.inputs.map(\.kind) == ["model", "predictions", "text"])
        #expect(other.inputs[1].name == "predictions")
        #expect(try Self.manifest(try await Self.run(["perplexity", "--merge-scores", compared, "--json"])) == other)
        #expect(!String(decoding: try Data(path: compared), as: UTF8.self).contains(workspace.path))
    }

    @Test func checks() async throws {
        let workspace = try Workspace()
        let (base, model) = (try await Products.tinyBase.value, try await Products.tinyModel.value)
        let importance = workspace.file("importance.gguf")
        _ = try await Self.run(["imatrix", base, "-o", importance] + Self.windows)
        let found = try Self.manifest(ofGGUF: importance).inputs[0]
        let compared = try Self.manifest(
            try await Self.run(["compare", base, model, "--imatrix", importance, "--json"]))
        #expect(compared.inputs.map(\.kind) == ["original", "model", "importance"])
        #expect(compared.inputs[0].sha256 == found.sha256)
        #expect(compared.inputs[2].sha256 == (try await Self.digest(importance)))
        let quantized = workspace.file("quantized.gguf")
        _ = try await Self.run(["quantize", base, "-o", quantized, "--type", "Q8_0"])
        let verified = try Self.manifest(try await Self.run(["verify", quantized, "--against", base, "--json"]))
        #expect(verified.inputs.map(\.kind) == ["file", "original"])
        #expect(verified.inputs[1].sha256 == found.sha256)
        let fit = try Self.manifest(try await Self.run(["fit", base, "--memory", "1GiB", "--context", "64", "--json"]))
        #expect(fit.inputs.map(\.kind) == ["header"])
        #expect(fit.options["context"] == "64" && fit.options["memory"] == "\(1 << 30)")
        let task = Fixtures.path("golden/tasks/choices.jsonl")
        let answers = try Self.manifest(
            try await Self.run(["evaluate", base, "--task", task, "--limit", "2", "--json"]))
        #expect(answers.inputs.map(\.kind) == ["model", "task"])
        #expect(answers.inputs[1].sha256 == (try await Self.digest(task)))
        #expect(answers.options == ["questions": "2"])
    }
}
