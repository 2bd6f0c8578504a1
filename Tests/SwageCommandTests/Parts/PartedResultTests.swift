import Foundation
import GGUF
import TestSupport
import Testing

/// Whatever the number of parts, what they come to is what one run makes.
@Suite struct PartedResultTests {
    static let counts = [1, 2, 5, 16]
    private static let text = Fixtures.path("text/calib/fiction-en.txt")

    /// A job with its output, and the file that one run of it makes.
    struct Job: Sendable, CustomTestStringConvertible {
        let name: String
        let words: @Sendable () async throws -> [String]
        let single: @Sendable () async throws -> String

        var testDescription: String { name }
    }

    static let jobs = [
        Job(name: "quantize a checkpoint") {
            ["quantize", Products.checkpoint, "--type", "Q4_K_M"]
        } single: {
            try await Products.quantizedCheckpoint.value
        },
        Job(name: "quantize a GGUF with importance") {
            [
                "quantize", try await Products.shallow.value, "--type", "IQ2_XS", "--imatrix",
                try await Products.importanceOfShallow.value,
            ]
        } single: {
            try await Products.fineShallow.value
        },
        Job(name: "convert") {
            ["convert", Products.checkpoint]
        } single: {
            try await Products.original.value
        },
        Job(name: "imatrix") {
            ["imatrix", try await Products.original.value, "--context", "64", "--chunks", "3", "--text"]
                + Products.texts
        } single: {
            try await Products.threeWindows.value
        },
    ]

    @Test(arguments: jobs, counts) func isThatOfOneRun(job: Job, count: Int) async throws {
        try Conformance.row("inputs/plan-divided")
        let words = try await job.words()
        let run = try await PlannedRun(count) { words + ["-o", $0.file("out.gguf")] }
        try await run.run()
        let outcome = try await run.finish("--remove")
        #expect(outcome.error.isOnlyWhatWasWritten, "\(outcome.error)")
        #expect(try Data(path: run.workspace.file("out.gguf")) == Data(path: try await job.single()))
        #expect(run.workspace.contents == ["out.gguf", "plan.json"])
    }

    /// Of one model, of two with the divergence between them, and from stored predictions; as text and as JSON, with the
    /// file of scores.
    @Test(
        arguments: [[], ["--reference", "{base}"], ["--base-logits", "{logits}"], ["--stride", "32"]], [1, 2, 5])
    func scoresAreThoseOfOneRun(options: [String], count: Int) async throws {
        let files = ["{base}": try await Products.tinyBase.value, "{logits}": try await Products.tinyLogits.value]
        // Stored predictions say themselves what they are of.
        let text = options.first == "--base-logits" ? [] : ["--context", "64", "--text", Products.tinyText]
        let job = ["perplexity", try await Products.tinyModel.value] + options.map { files[$0] ?? $0 } + text
        let single = try await Swage.run(job + ["--json"])
        let run = try await PlannedRun(count) { job + ["--json", "--save-scores", $0.file("scores")] }
        try await run.run()
        #expect(try await run.finish().output == single.output)
        let scores = run.workspace.file("single")
        try await Swage.run(job + ["--save-scores", scores])
        #expect(try Data(path: run.workspace.file("scores")) == Data(path: scores))
        let printed = try await PlannedRun(count) { _ in job }
        try await printed.run()
        #expect(try await printed.finish().output == Swage.run(job).output)
    }

    /// Two models with the tokens of the original, and one with others, on two texts.
    @Test(arguments: [1, 3, 8]) func aReportIsThatOfOneRun(count: Int) async throws {
        let job =
            ["report", "--context", "64", "--chunks", "2", "--text", "t=\(Products.tinyText)"]
            + [
                "--text", "u=\(Fixtures.path("text/eval/web-en.txt"))", "--model",
                "a=\(try await Products.tinyBase.value)",
            ]
            + [
                "--model", "b=\(try await Products.tinyModel.value)", "--model",
                "c=\(try await Products.quantized.value)",
            ]
        let run = try await PlannedRun(count) { job + ["-o", $0.file("report.json")] }
        try await run.run()
        try await run.finish("--remove")
        let single = run.workspace.file("single.json")
        try await Swage.run(job + ["-o", single])
        #expect(try Data(path: run.workspace.file("report.json")) == Data(path: single))
        #expect(run.workspace.contents == ["plan.json", "report.json", "single.json"])
        let printed = try await PlannedRun(count) { _ in job + ["--json"] }
        try await printed.run()
        #expect(try await printed.finish().output == Swage.run(job + ["--json"]).output)
    }

    /// A split model of as many files as parts, whose sum is what one run makes.
    @Test func partsMayStayApart() async throws {
        let run = try await PlannedRun(3) {
            ["quantize", Products.checkpoint, "--type", "Q4_K_M", "-o", $0.file("out.gguf")]
        }
        try await run.run()
        let outcome = try await run.finish("--keep-parts", "--remove", "--json")
        let files = (1...3).map { "out-0000\($0)-of-00003.gguf" }
        #expect(run.workspace.contents == files + ["plan.json"])
        #expect(outcome.output.contains("\"schema\" : \"swage/finish/1\""))
        #expect(outcome.output.contains("\"schema\" : \"swage/quantize/1\""))
        for file in files { #expect(outcome.output.contains(file)) }
        let joined = run.workspace.file("joined.gguf")
        try await Swage.run("merge", run.workspace.file(files[1]), "-o", joined)
        #expect(try Data(path: joined) == Data(path: try await Products.quantizedCheckpoint.value))
        #expect(try await Swage.run("verify", run.workspace.file(files[0])).status == 0)
    }

    /// A scheduler's number, and parts in any order.
    @Test func thePartOfAScheduler() async throws {
        try Conformance.row("inputs/plan-scheduler")
        let run = try await PlannedRun(2) {
            ["quantize", Products.checkpoint, "--type", "Q4_K_M", "-o", $0.file("out.gguf")]
        }
        let refused = try await Swage.run("run", run.plan, "--part", "auto")
        #expect(refused.status == 2 && refused.error.contains("SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX"))
        for (name, value, part) in [("JOB_COMPLETION_INDEX", "1", 2), ("SLURM_ARRAY_TASK_ID", "1", 1)] {
            let outcome = try await Swage.run(["run", run.plan, "--part", "auto"], environment: [name: value])
            #expect(outcome.status == 0 && outcome.output.hasPrefix("part \(part) of 2: "), "\(outcome.error)")
        }
        for value in ["0", "3", "x", "-1", "9223372036854775807"] {
            let outcome = try await Swage.run(
                ["run", run.plan, "--part", "auto"], environment: ["SLURM_ARRAY_TASK_ID": value])
            #expect(outcome.status == 2, "\(value)")
        }
        try await run.finish()
        #expect(
            try Data(path: run.workspace.file("out.gguf")) == Data(path: try await Products.quantizedCheckpoint.value))
    }
}
