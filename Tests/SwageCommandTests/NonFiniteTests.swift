import Foundation
import TestSupport
import Testing

/// Weights that are no numbers, and finite ones that no float32 can be computed with.
@Suite struct NonFiniteTests {
    /// Commands that run a model.
    enum Command: String, CaseIterable, CustomTestStringConvertible {
        case perplexity, generate, report, imatrix

        var testDescription: String { rawValue }

        func arguments(_ model: String, _ workspace: Workspace) -> [String] {
            let text = Products.tinyText
            return switch self {
            case .perplexity: [rawValue, model, "--text", text, "--context", "32"]
            case .generate: [rawValue, model, "--prompt", "the old man at the landing and the ice"]
            case .report: [rawValue, "--model", "a=\(model)", "--text", "t=\(text)", "--context", "32"]
            case .imatrix: [rawValue, model, "--text", text, "--context", "32", "-o", workspace.file("out.gguf")]
            }
        }
    }

    private func check(_ command: Command, status: Int32, _ words: String, _ damage: (TinyModel) throws -> Void)
        async throws
    {
        let workspace = try Workspace()
        let model = try await TinyModel(workspace)
        try damage(model)
        let outcome = try await Swage.run(command.arguments(model.path, workspace))
        #expect(outcome.status == status && outcome.output.isEmpty)
        #expect(outcome.error.hasPrefix("swage: \(model.path): \(words)"), "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").count == 2)
        #expect(workspace.contents == ["model-of-base.gguf"])
    }

    @Test(arguments: Command.allCases)
    func anExpertThatOverflows(command: Command) async throws {
        try await check(command, status: 1, "blk.1.ffn_down_exps.weight, expert 2: its output is infinite") {
            try $0.set("blk.1.ffn_down_exps.weight", expert: 2, to: 3e38)
        }
    }

    @Test(arguments: Command.allCases, [Float.nan, .infinity, -.infinity])
    func aWeightThatIsNone(command: Command, value: Float) async throws {
        try await check(command, status: 3, "blk.1.ffn_up_exps.weight: a weight in row 96 is infinite or not a number")
        {
            try $0.set("blk.1.ffn_up_exps.weight", expert: 3, to: value)
        }
    }

    /// Softmax would make numbers of them.
    @Test(arguments: Command.allCases)
    func queriesAndKeysThatOverflow(command: Command) async throws {
        try await check(command, status: 1, "layer 0, products of queries and keys: its output is infinite") {
            try $0.set("blk.0.attn_q.weight", to: 1e30)
            try $0.set("blk.0.attn_k.weight", to: 1e30)
        }
    }

    @Test(arguments: [
        ("blk.0.attn_norm.weight", Float.nan, "blk.0.attn_norm.weight: a weight in row 0"),
        ("blk.1.ffn_gate_inp.weight", .nan, "blk.1.ffn_gate_inp.weight: a weight in row 0"),
        ("output_norm.weight", .infinity, "output_norm.weight: a weight in row 0"),
        ("output.weight", .nan, "output.weight: a weight in row 0"),
        ("token_embd.weight", .nan, "token_embd.weight: a weight in row"),
    ])
    func otherWeightsThatAreNone(name: String, value: Float, words: String) async throws {
        try await check(.perplexity, status: 3, words) { try $0.set(name, to: value) }
        try await check(.generate, status: 3, words) { try $0.set(name, to: value) }
    }

    @Test(arguments: [
        ("blk.0.attn_v.weight", "blk.0.attn_v.weight"), ("blk.1.ffn_gate_inp.weight", "blk.1.ffn_gate_inp.weight"),
        ("output.weight", "output.weight, token"),
    ])
    func otherMatricesThatOverflow(name: String, words: String) async throws {
        try await check(.perplexity, status: 1, words) { try $0.set(name, to: 3e38) }
        try await check(.generate, status: 1, words) { try $0.set(name, to: 3e38) }
    }

    /// Hidden states beyond the root of what a float32 holds: their norm takes the size out again.
    @Test func largeStatesAreComputedWith() async throws {
        let workspace = try Workspace()
        func perplexity(_ scale: Float) async throws -> Double {
            let model = try await TinyModel(workspace)
            try model.scale("blk.1.ffn_down_exps.weight", by: scale)
            let outcome = try await Swage.run(
                "perplexity", model.path, "--text", Products.tinyText, "--context", "32", "--json")
            try #require(outcome.status == 0, "\(outcome.error)")
            return try outcome.json(PerplexityReport.self).texts[0].perplexity
        }
        // From a million on, the last block alone decides the direction.
        let expected = try await perplexity(0x1p40)
        #expect(abs(try await perplexity(0x1p90) / expected - 1) < 1e-4)
    }
}
