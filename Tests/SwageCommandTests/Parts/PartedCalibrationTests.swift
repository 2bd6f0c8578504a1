import Foundation
import TestSupport
import Testing

/// Weights that are fitted to texts, in parts that work side by side, and what starts parts.
@Suite struct PartedCalibrationTests {
    private static let job = Result {
        [
            "quantize", try ShallowCheckpoint.path(), "--type", "Q4_K_M", "--calibration-context", "64",
            "--calibration-chunks", "2", "--calibrate", Fixtures.path("text/calib/web-zh.txt"),
        ]
    }

    @Test func partsAtTheSameTimeWriteTheFileOfOneRun() async throws {
        let job = try Self.job.get()
        let run = try await PlannedRun(2) { job + ["-o", $0.file("out.gguf")] }
        async let first = run.run("--part", "1")
        async let second = run.run("--part", "2")
        _ = try await (first, second)
        try await run.finish("--remove")
        #expect(run.workspace.contents == ["out.gguf", "plan.json"])
        try await Swage.run(job + ["-o", run.workspace.file("single.gguf")])
        #expect(try Data(path: run.workspace.file("out.gguf")) == Data(path: run.workspace.file("single.gguf")))
        // They are not there to be joined again.
        let outcome = try await Swage.run(["finish", run.plan, "--overwrite"])
        #expect(outcome.status == 2 && outcome.error.contains("parts 1, 2 are not there yet"), "\(outcome.error)")
    }

    @Test func partsOfExpertsAreNoFilesOfAModel() async throws {
        let job = try Self.job.get()
        let run = try await PlannedRun(3) { job + ["-o", $0.file("out.gguf")] }
        try await run.run()
        let outcome = try await Swage.run(["finish", run.plan, "--keep-parts"])
        #expect(outcome.status == 2 && outcome.error.contains("no files of a model"), "\(outcome.error)")
    }

    @Test(arguments: [("slurm", "slurm.sh"), ("kubernetes", "kubernetes.yaml"), ("parallel", "parallel.sh")])
    func whatStartsThePartsIsWritten(scheduler: String, suffix: String) async throws {
        let workspace = try Workspace()
        let plan = [
            "plan", "-o", workspace.file("p.json"), "--parts", "4", "--emit", scheduler, "--", "convert",
            Products.checkpoint, "-o", workspace.file("x.gguf"),
        ]
        let outcome = try await Swage.run(plan)
        #expect(outcome.status == 0 && outcome.error.contains("p.\(suffix)"), "\(outcome.error)")
        let text = String(decoding: try Data(path: workspace.file("p.\(suffix)")), as: UTF8.self)
        #expect(text.contains("/p.json") && text.contains("finish"))
        try FileManager.default.removeItem(atPath: workspace.file("p.json"))
        let refused = try await Swage.run(plan)
        #expect(refused.status == 2 && refused.error.contains("p.\(suffix): it is there already"), "\(refused.error)")
    }
}
