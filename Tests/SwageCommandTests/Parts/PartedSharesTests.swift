import Foundation
import TestSupport
import Testing

/// Jobs that are divided by something else than one file's tensors or windows: what they come to is what one run makes.
@Suite struct PartedSharesTests {
    /// Twelve windows of the tiny text.
    private static let windows = ["--context", "32", "--text", Products.tinyText]

    @Test(arguments: ["swage", "llama"]) func predictions(form: String) async throws {
        try Conformance.row("inputs/plan-divided")
        let model = try await Products.tinyBase.value
        try await PlannedRun.expectOneRun([1, 2, 5, 12]) {
            ["perplexity", model] + Self.windows
                + ["--save-base-logits", $0.file("predictions"), "--base-logits-format", form]
        }
    }

    /// Of two texts, one of which has no window in a part, and of windows that overlap.
    @Test func predictionsOfTexts() async throws {
        let (model, other) = (try await Products.tinyBase.value, Fixtures.path("text/eval/web-en.txt"))
        try await PlannedRun.expectOneRun([3]) {
            ["perplexity", model, "--stride", "16", "--chunks", "4", "--json", "--save-base-logits", $0.file("p")]
                + Self.windows + [other]
        }
    }

    /// A file that is there already is gone on with, as by one run, and one of another run is refused.
    @Test func predictionsThatAreThere() async throws {
        let model = try await Products.tinyBase.value
        let run = try await PlannedRun(2) {
            ["perplexity", model, "--save-base-logits", $0.file("p")] + Self.windows
        }
        try await run.run()
        let first = try await run.finish()
        #expect(try await run.finish().output == first.output)
        try FileManager.default.removeItem(atPath: run.workspace.file("p"))
        try await Swage.run(
            "perplexity", model, "--save-base-logits", run.workspace.file("p"), "--context", "64", "--text",
            Products.tinyText)
        let before = try Data(path: run.workspace.file("p"))
        let refused = try await Swage.run("finish", run.plan)
        #expect(refused.status == 2 && refused.error.contains("a context of 64, not 32"), "\(refused.error)")
        #expect(try Data(path: run.workspace.file("p")) == before)
    }

    @Test(arguments: [["--max-tensors", "11"], ["--split-max-size", "20k"]])
    func splitModels(limits: [String]) async throws {
        let model = try await Products.tinyBase.value
        for job in [["convert", model], ["quantize", model, "--type", "Q4_0"]] {
            try await PlannedRun.expectOneRun([1, 2, 5, 16]) { job + limits + ["-o", $0.file("out.gguf")] }
        }
    }

    @Test func theSplitOfTheInput() async throws {
        let (folder, model) = (try Workspace(), try await Products.tinyBase.value)
        try await Swage.run("split", model, "-o", folder.file("in"), "--max-tensors", "7")
        try await PlannedRun.expectOneRun([1, 2, 5, 16]) {
            [
                "quantize", folder.file("in-00001-of-00004.gguf"), "--type", "Q4_0", "--keep-split", "-o",
                $0.file("out.gguf"),
            ]
        }
    }

    /// Files that have the names are replaced only if that is asked for, and parts do not stay apart in another cut.
    @Test func splitsThatAreRefused() async throws {
        try Conformance.row("inputs/plan-keep-parts")
        let model = try await Products.tinyBase.value
        let run = try await PlannedRun(2) {
            ["quantize", model, "--type", "Q4_0", "--max-tensors", "20", "-o", $0.file("out.gguf")]
        }
        try await run.run()
        let kept = try await Swage.run("finish", run.plan, "--keep-parts")
        #expect(kept.status == 2 && kept.error.contains("leave out --keep-parts"), "\(kept.error)")
        let other = try run.workspace.write("out-00002-of-00002.gguf", Data("a letter".utf8))
        let refused = try await Swage.run("finish", run.plan)
        #expect(refused.status == 2 && refused.error.contains("\(other): it is there already"), "\(refused.error)")
        #expect(try Data(path: other) == Data("a letter".utf8))
        try await run.finish("--overwrite")
    }

    /// With the importance of the same run, and that of the output matrix.
    @Test(arguments: [[], ["-o", "importance.gguf"], ["-o", "importance.gguf", "--process-output"]])
    func secondMoments(options: [String]) async throws {
        let model = try await Products.tinyBase.value
        try await PlannedRun.expectOneRun([1, 2, 5, 16]) { folder in
            ["imatrix", model, "--hessian", folder.file("hessian.gguf")] + Self.windows
                + options.map { $0.hasSuffix(".gguf") ? folder.file($0) : $0 }
        }
    }

    /// Of a model with blocks that all tokens pass through.
    @Test func secondMomentsOfSharedExperts() async throws {
        try await PlannedRun.expectOneRun([3]) {
            [
                "imatrix", Products.checkpoint, "--hessian", $0.file("hessian.gguf"), "-o", $0.file("importance.dat"),
                "--format", "dat", "--context", "32", "--chunks", "1", "--text", Products.tinyText,
            ]
        }
    }

    @Test func quantizationWithSecondMoments() async throws {
        let (folder, model) = (try Workspace(), try await Products.tinyBase.value)
        let hessian = folder.file("hessian.gguf")
        try await Swage.run(["imatrix", model, "--hessian", hessian] + Self.windows)
        try await PlannedRun.expectOneRun([1, 2, 5, 16]) {
            ["quantize", model, "--type", "Q4_0", "--hessian", hessian, "-o", $0.file("out.gguf")]
        }
    }

    @Test func sensitivity() async throws {
        let model = try await Products.tinyBase.value
        try await PlannedRun.expectOneRun([1, 2, 5, 16]) {
            ["sensitivity", model, "-o", $0.file("sensitivity.json")] + Self.windows
        }
    }

    /// A model whose weights are compared, and one with other tensors and other tokens.
    @Test func reportsWithTasksAndWeights() async throws {
        let (first, second) = (try await Products.tinyBase.value, try await Products.tinyModel.value)
        let tasks = ["choices", "mmlu"].map { Fixtures.path("golden/tasks/\($0).jsonl") }
        try await PlannedRun.expectOneRun([1, 2, 5, 16]) {
            [
                "report", "--model", "a=\(first)", "--model", "b=\(second)", "--model", "c=\(Products.checkpoint)",
                "--text", "t=\(Products.tinyText)", "--context", "64", "--chunks", "2", "--limit", "3", "--weights",
                "-o", $0.file("report.json"), "--task",
            ] + tasks
        }
    }
}
