import Foundation
import TestSupport
import Testing

/// Importance matrices merged, converted and shown without a model.
@Suite struct ImportanceFileTests {
    private struct Shown: Decodable {
        struct Expert: Decodable {
            let tokens: Float
            let entropy: Double?
        }
        struct Tensor: Decodable {
            let name: String
            let columns: Int
            let experts: [Expert]
        }
        let windows: Int
        let windowTokens: Int
        let tensors: [Tensor]
    }

    private func shown(_ path: String) async throws -> Shown {
        let outcome = try await Swage.run("imatrix", "--show", path, "--json")
        try #require(outcome.status == 0, "\(outcome.error)")
        return try outcome.json(Shown.self)
    }

    @Test func twoPartsMergeToTheWhole() async throws {
        let workspace = try Workspace()
        let model = try await Products.original.value
        func collect(_ name: String, _ texts: String...) async throws -> String {
            let path = workspace.file(name)
            let outcome = try await Swage.run(
                ["imatrix", model, "-o", path, "--context", "64", "--chunks", "2", "--text"] + texts)
            try #require(outcome.status == 0, "\(outcome.error)")
            return path
        }
        let whole = try await collect("whole", Products.texts[0], Products.texts[1])
        let parts = [try await collect("a", Products.texts[0]), try await collect("b", Products.texts[1])]
        let merged = workspace.file("merged")
        let outcome = try await Swage.run(["imatrix", "-o", merged, "--merge"] + parts)
        #expect(outcome.status == 0)
        #expect(outcome.output == "\(merged): 44 tensors from 4 windows of 64 tokens\n")
        let (expected, result) = (try await shown(whole), try await shown(merged))
        #expect(result.windows == expected.windows && result.windowTokens == 64)
        for (ours, theirs) in zip(result.tensors, expected.tensors) {
            #expect(ours.name == theirs.name && ours.columns == theirs.columns)
            #expect(ours.experts.map(\.tokens) == theirs.experts.map(\.tokens))
        }
    }

    @Test func theOlderFormAndBack() async throws {
        let workspace = try Workspace()
        let legacy = workspace.file("importance.dat")
        let importance = try await Products.importance.value
        let converted = try await Swage.run("imatrix", "--merge", importance, "-o", legacy, "--format", "dat")
        #expect(converted.status == 0)
        let listing = try await Swage.run("imatrix", "--show", legacy)
        #expect(listing.status == 0 && listing.output.contains("blk.0.ffn_down_exps.weight"))
        // It guides quantization as it is; only what experts have seen is lost.
        let quantized = try await Swage.run(
            "quantize", try await Products.original.value, "--type", "IQ2_XXS", "--imatrix", legacy, "-o",
            workspace.file("out.gguf"))
        #expect(quantized.status == 0, "\(quantized.error)")
        let back = try await Swage.run("imatrix", "--merge", legacy, "-o", workspace.file("back.gguf"))
        #expect(back.status == 3)
        #expect(back.error.contains("does not say how many rows the experts have seen"))
        #expect(!workspace.contents.contains("back.gguf"))
    }

    @Test func whatFewTokensSay() async throws {
        let outcome = try await Swage.run("imatrix", "--show", try await Products.importance.value)
        #expect(outcome.status == 0)
        let line = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("blk.0.ffn_gate_exps") })
        #expect(line.contains("16/16"))
        let experts = try await Swage.run("imatrix", "--show", try await Products.importance.value, "--experts")
        #expect(experts.output.contains("blk.0.ffn_gate_exps.weight [15]"))
    }

    @Test func warnsOfExpertsThatSawLittle() async throws {
        let workspace = try Workspace()
        let outcome = try await Swage.run(
            "imatrix", try await Products.original.value, "--text", Products.texts[0], "--context", "16", "--chunks",
            "1",
            "-o", workspace.file("small.gguf"))
        #expect(outcome.status == 0)
        #expect(outcome.error.contains("saw no token: they will get the mean importance of their layer"))
        #expect(outcome.error.contains("saw fewer than 32 tokens"))
    }

    @Test(arguments: [
        [], ["--show", "a", "--merge", "b"], ["--merge", "a"], ["model", "-o", "out"],
        ["--merge", "a", "-o", "b", "--experts"],
    ])
    func wrongCombinations(arguments: [String]) async throws {
        #expect(try await Swage.run(["imatrix"] + arguments).status == 2)
    }

    @Test func matricesOfDifferentModels() async throws {
        let workspace = try Workspace()
        let other = workspace.file("other.gguf")
        let collected = try await Swage.run(
            "imatrix", Fixtures.path("models/apus-xdan-tiny"), "--text", Products.texts[0], "--context", "64",
            "--chunks",
            "1", "-o", other)
        #expect(collected.status == 0)
        let outcome = try await Swage.run(
            "imatrix", "--merge", try await Products.importance.value, other, "-o", workspace.file("out.gguf"))
        #expect(outcome.status == 3)
        #expect(outcome.error.contains(other) && outcome.error.contains("the weight has 256 × 16"))
        #expect(!workspace.contents.contains("out.gguf"))
    }
}
