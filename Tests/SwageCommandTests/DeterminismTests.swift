import Foundation
import TestSupport
import Testing

/// The thread count changes nothing but the time.
@Suite struct DeterminismTests {
    /// Runs the command with one and with two threads and compares the files that it writes to `{}`.
    private func compareFiles(_ arguments: [String]) async throws {
        let workspace = try Workspace()
        var contents: [Data] = []
        for threads in ["1", "2"] {
            let output = workspace.file("threads-\(threads)")
            let outcome = try await Swage.run(
                arguments.map { $0 == "{}" ? output : $0 } + ["--threads", threads])
            #expect(outcome.status == 0, "\(outcome.error)")
            contents.append(try Data(path: output))
        }
        #expect(contents[0] == contents[1])
    }

    @Test func converting() async throws { try await compareFiles(["convert", Products.checkpoint, "-o", "{}"]) }

    @Test(arguments: [
        "Q4_K_M", "Q3_K_M", "IQ3_M", "IQ2_S", "IQ2_XXS", "IQ1_M", "IQ1_S", "TQ1_0", "MXFP4_MOE", "NVFP4", "Q2_0",
        "Q1_0",
    ])
    func quantizing(type: String) async throws {
        try await compareFiles([
            "quantize", Products.checkpoint, "-o", "{}", "--type", type, "--imatrix",
            try await Products.importance.value,
        ])
    }

    @Test func collectingImportance() async throws {
        try await compareFiles(
            ["imatrix", Products.checkpoint, "-o", "{}", "--context", "128", "--chunks", "1", "--text"] + Products.texts
        )
    }

    @Test func measuring() async throws {
        let model = try await Products.quantized.value
        let texts = ["fiction-en", "web-zh"].map { Fixtures.path("text/eval/\($0).txt") }
        var outputs: [String] = []
        for threads in ["1", "2"] {
            let outcome = try await Swage.run(
                ["perplexity", model, "--json", "--chunks", "2", "--threads", threads, "--text"] + texts)
            #expect(outcome.status == 0, "\(outcome.error)")
            outputs.append(outcome.output)
        }
        #expect(outputs[0] == outputs[1])
    }

    @Test func generating() async throws {
        let arguments = ["generate", try await Products.quantized.value, "--prompt", "从前", "--max-new-tokens", "8"]
        let one = try await Swage.run(arguments + ["--threads", "1"])
        let two = try await Swage.run(arguments + ["--threads", "2"])
        #expect(one.status == 0 && !one.output.isEmpty)
        #expect(one.output == two.output)
    }
}
