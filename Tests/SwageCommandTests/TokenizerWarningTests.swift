import Foundation
import TestSupport
import Testing

/// What a tokenizer's files ask for and is left out is said on standard error, once, and no more than that.
@Suite struct TokenizerWarningTests {
    @Test func areShownOnceByEveryCommandThatOpensTheModel() async throws {
        try Conformance.row("tokenizers-bytes/tokens-without-rows")
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint("model")
        try checkpoint.editJSON("tokenizer.json") { tokenizer in
            var model = try #require(tokenizer["model"] as? [String: Any])
            var vocabulary = try #require(model["vocab"] as? [String: Int])
            vocabulary["\u{65b0}\u{8bcd}"] = 4096
            vocabulary["\u{65b0}\u{65b0}\u{8bcd}"] = 4097
            model["vocab"] = vocabulary
            tokenizer["model"] = model
        }
        try checkpoint.editJSON("config.json") { $0["unk_token_id"] = -1 }
        let rows = "tokenizer.json: the embedding has only 4096 rows; the 2 tokens from 4096 on cannot be used"
        let role = "config.json: unk_token_id: -1 is not in the vocabulary; the model is read without it"
        let output = workspace.file("out.gguf")
        for command in [
            ["convert", checkpoint.path, "-o", output], ["inspect", checkpoint.path, "--json"],
            ["generate", checkpoint.path, "--prompt", "a", "--max-new-tokens", "1"],
            ["compare", checkpoint.path, output], ["quantize", checkpoint.path, "--type", "Q4_K_M", "--dry-run"],
        ] {
            let outcome = try await Swage.run(command)
            #expect(outcome.status == 0, "\(outcome.error)")
            for warning in [rows, role] {
                #expect(
                    outcome.error.components(separatedBy: "warning: \(checkpoint.path)/\(warning)").count == 2,
                    "\(outcome.error)")
            }
            #expect(!outcome.output.contains("warning"))
        }
        let tokens = try await Swage.run("tokenize", checkpoint.path, "--text", "a")
        #expect(tokens.status == 0)
        #expect(tokens.error.contains(role) && !tokens.error.contains(rows), "\(tokens.error)")
        let written = try await Swage.run("inspect", output)
        #expect(written.output.contains("4096 elements") && written.error.isOnlyWhatWasWritten)
    }
}
