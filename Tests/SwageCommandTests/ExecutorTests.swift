import Foundation
import Synchronization
import TestSupport
import Testing

/// Memory, threads and repetition change the time that a run takes, not what it finds.
@Suite struct ExecutorTests {
    private static let checkpoints = ["xverse-moe-tiny", "xverse-ent-tiny", "apus-xdan-tiny"]
    private static let texts = ["fiction-en", "web-zh"].map { Fixtures.path("text/eval/\($0).txt") }

    private func measure(_ arguments: [String]) async throws -> Swage.Outcome {
        let outcome = try await Swage.run(
            ["perplexity"] + arguments + ["--json", "--context", "128", "--text"] + Self.texts)
        try #require(outcome.status == 0, "\(outcome.error)")
        return outcome
    }

    @Test(arguments: checkpoints)
    func threadsAndRepetitionsGiveTheSameBytes(name: String) async throws {
        let model = [Fixtures.path("models/\(name)"), "--chunks", "2"]
        let one = try await measure(model + ["--threads", "1"])
        for threads in ["2", "2", "3"] {
            #expect(try await measure(model + ["--threads", threads]).output == one.output)
        }
    }

    @Test func threadsGiveTheSameDivergences() async throws {
        let arguments = [
            try await Products.quantized.value, "--reference", try await Products.original.value, "--chunks", "2",
        ]
        let one = try await measure(arguments + ["--threads", "1"])
        #expect(try await measure(arguments + ["--threads", "2"]).output == one.output)
    }

    /// Batches of few windows; where memory is shortest, weights are decoded between the steps.
    @Test(arguments: checkpoints)
    func littleMemoryFindsTheSame(name: String) async throws {
        let model = [Fixtures.path("models/\(name)"), "--chunks", "8", "--threads", "2"]
        let large = try await measure(model + ["--memory", "4Gi"])
        let (tight, byteCount) = try await tightest(model)
        expectSameFigures(tight, large)
        expectSameFigures(try await measure(model + ["--memory", "\(byteCount + 6 << 20)"]), large)
    }

    @Test func littleMemoryFindsTheSameDivergences() async throws {
        let model = [
            try await Products.quantized.value, "--reference", Products.checkpoint, "--chunks", "4", "--threads", "2",
        ]
        expectSameFigures(try await tightest(model).outcome, try await measure(model + ["--memory", "4Gi"]))
    }

    /// A run with hardly more memory than it needs, by its own word to begin with.
    private func tightest(_ model: [String]) async throws -> (outcome: Swage.Outcome, byteCount: Int) {
        func run(_ byteCount: Int) async throws -> Swage.Outcome {
            try await Swage.run(
                ["perplexity"] + model + ["--json", "--context", "128", "--memory", "\(byteCount)", "--text"]
                    + Self.texts)
        }
        let refused = try await run(1 << 20)
        #expect(refused.status == 4)
        let words = try #require(refused.error.firstMatch(of: /the run needs ([0-9.]+) MiB of memory/))
        #expect(refused.error.contains("more than the budget of 1.00 MiB") && refused.error.contains("raise --memory"))
        var byteCount = Int(try #require(Double(words.1)) * 0x1p20)
        for _ in 0..<32 {
            let outcome = try await run(byteCount)
            if outcome.status == 0 { return (outcome, byteCount) }
            #expect(outcome.status == 4, "\(outcome.error)")
            byteCount += 1 << 18
        }
        Issue.record("more memory was needed than the run had said")
        return (refused, byteCount)
    }

    @Test(arguments: [["imatrix", "-o", "{}"], ["perplexity"], ["perplexity", "--save-base-logits", "{}"]])
    func tooLittleMemory(command: [String]) async throws {
        let workspace = try Workspace()
        let outcome = try await Swage.run(
            command.map { $0 == "{}" ? workspace.file("out") : $0 }
                + [Products.checkpoint, "--memory", "60M", "--context", "128", "--text"] + Self.texts)
        #expect(outcome.status == 4 && outcome.output.isEmpty)
        #expect(outcome.error.contains("\(Products.checkpoint): the run needs "))
        #expect(!workspace.contents.contains("out"))
    }

    @Test(arguments: ["0", "-1G", "1X", "", "NaN", "1e3", "9999999T"])
    func sizesThatAreNone(size: String) async throws {
        let outcome = try await Swage.run(
            ["perplexity", Products.checkpoint, "--text"] + Self.texts + ["--memory=\(size)"])
        #expect(outcome.status == 2, "\(outcome.error)")
    }

    /// A model of twice the memory: all of its bytes are read once, and the process stays within what it may use.
    @Test(.enabled("there is no /proc") { FileManager.default.fileExists(atPath: "/proc/self/io") })
    func aModelLargerThanTheMemory() async throws {
        let workspace = try Workspace()
        let model = try await HollowModel(workspace)
        let budget = 200 << 20
        #expect(model.byteCount > 2 * budget)
        let run = try Swage.Run([
            "perplexity", model.path, "--text", Products.tinyText, "--context", "32", "--threads", "2", "--memory",
            "\(budget)", "--json",
        ])
        let seen = Mutex((read: 0, peak: 0))
        _ = await run.wait {
            let figures = (run.systemFigure("rchar", of: "io"), 1024 * run.systemFigure("VmHWM", of: "status"))
            seen.withLock { $0 = (max($0.read, figures.0), max($0.peak, figures.1)) }
            return false
        }
        let (read, peak) = seen.withLock { $0 }
        let outcome = try await run.outcome()
        try #require(outcome.status == 0, "\(outcome.error)")
        // All tokens are equally probable.
        #expect(abs(try outcome.json(PerplexityReport.self).texts[0].perplexity / 271 - 1) < 1e-6)
        // The report has a digest of the model, of samples of large matrices and all of small ones.
        #expect(Double(read) < 1.05 * Double(model.byteCount) + Double(16 << 20))
        #expect(peak < budget + budget / 10)
        #expect(read > model.byteCount / 2 && peak > 0, "the run was not watched")
    }
}
