import Foundation
import Platform
import TestSupport
import Testing

/// Plans and parts that cannot be used are refused by name; a part that is done is kept, and a lost one done again.
@Suite struct PartRefusalTests {
    private static func quantize(_ count: Int, type: String = "Q4_0", in workspace: Workspace? = nil) async throws
        -> PlannedRun
    {
        let model = try await Products.tinyBase.value
        return try await PlannedRun(
            count, { ["quantize", model, "--type", type, "-o", $0.file("out.gguf")] }, in: workspace)
    }

    private static func edit(_ path: String, _ found: String, _ other: String) throws {
        let text = String(decoding: try Data(path: path), as: UTF8.self)
        try #require(text.contains(found), "\(text)")
        try Data(text.replacing(found, with: other).utf8).write(to: URL(filePath: path))
    }

    @Test func whatIsDoneIsKeptAndWhatIsLostIsDoneAgain() async throws {
        try Conformance.row("inputs/plan-lost")
        let run = try await Self.quantize(3)
        try await run.run("--part", "2")
        let early = try await Swage.run("finish", run.plan)
        #expect(early.status == 2 && early.error.contains("parts 1, 3 are not there yet"), "\(early.error)")
        #expect(early.error.contains("swage run"))
        let status = try await Swage.run("status", run.plan)
        #expect(status.output.contains("1 of 3 parts are done; the others take about"), "\(status.output)")
        let kept = try await run.run("--part", "2")
        #expect(kept.error.contains("note: part 2 is there already and is kept") && kept.output.hasSuffix(", kept\n"))
        let again = try await run.run("--part", "2", "--restart")
        #expect(!again.error.contains("is kept"))
        try await run.run()
        let part = run.part(3, of: 3, "gguf")
        let whole = try Data(path: part)
        try whole.dropLast(5).write(to: URL(filePath: part))
        let cut = try await Swage.run("finish", run.plan)
        #expect(cut.status == 3 && cut.error.contains("part 3: it has \(whole.count - 5) bytes"), "\(cut.error)")
        var flipped = whole
        flipped[flipped.count - 40] ^= 1
        try flipped.write(to: URL(filePath: part))
        let damaged = try await Swage.run("finish", run.plan)
        #expect(damaged.status == 3 && damaged.error.contains("part 3: its bytes are not those that were written"))
        let repaired = try await run.run()
        #expect(repaired.error.contains("it is done again"))
        #expect(try Data(path: part) == whole)
        try await run.finish()
        let existing = try await Swage.run("finish", run.plan)
        #expect(existing.status == 2 && existing.error.contains("it is there already"))
        try await run.finish("--overwrite")
    }

    @Test func partsOfAnotherPlanOrVersion() async throws {
        try Conformance.row("inputs/plan-changed")
        let run = try await Self.quantize(2)
        try await run.run()
        let other = try await Self.quantize(2, type: "Q5_0", in: run.workspace)
        for arguments in [["finish", other.plan], ["run", other.plan, "--part", "1"]] {
            let outcome = try await Swage.run(arguments)
            #expect(outcome.status == 3 && outcome.error.contains("part 1: it is of another plan"), "\(outcome.error)")
        }
        try await other.run("--all", "--restart")
        let record = run.part(2, of: 2, "json")
        try Self.edit(record, #""version" : ""#, #""version" : "9"#)
        let mixed = try await Swage.run("finish", other.plan)
        #expect(mixed.status == 3 && mixed.error.contains("part 2: version 9"), "\(mixed.error)")
        try Self.edit(other.plan, #""version" : ""#, #""version" : "9"#)
        for arguments in [["run", other.plan, "--all"], ["finish", other.plan], ["status", other.plan]] {
            let outcome = try await Swage.run(arguments)
            #expect(outcome.status == 2 && outcome.error.contains("made the plan, and this is"), "\(outcome.error)")
        }
    }

    @Test func inputsThatHaveChanged() async throws {
        try Conformance.row("inputs/plan-changed")
        let workspace = try Workspace()
        let model = try await TinyModel(workspace)
        let run = try await PlannedRun(
            2, { ["quantize", model.path, "--type", "Q4_0", "-o", $0.file("out.gguf")] }, in: workspace)
        try await run.run("--part", "1")
        try model.scale("blk.0.attn_q.weight", by: 2)
        for arguments in [["run", run.plan, "--part", "2"], ["finish", run.plan]] {
            let outcome = try await Swage.run(arguments)
            #expect(
                outcome.status == 3 && outcome.error.contains("it differs in the model's weights"),
                "\(outcome.error)")
        }
    }

    @Test func jobsThatHaveNoParts() async throws {
        try Conformance.row("inputs/plan-refused")
        let (workspace, model) = (try Workspace(), try await Products.tinyBase.value)
        let (out, text) = (workspace.file("out.gguf"), Products.tinyText)
        let jobs: [(job: [String], words: String)] = [
            (["inspect", model], "inspect is no job that has parts"),
            (["plan", "-o", out, "--parts", "1", "--", "types"], "plan is no job that has parts"),
            (
                ["quantize", model, "--type", "Q4_0", "-o", out, "--calibration-context", "64", "--calibrate", text],
                "the job has 4 experts"
            ),
            (["quantize", model, "--type", "Q4_0", "--dry-run"], "only shows"),
            (
                ["quantize", model, "--type", "Q4_0", "-o", out, "--max-tensors", "4", "--calibrate", text],
                "are joined to one file"
            ),
            (["quantize", model, "--type", "Q4_0"], "name the file to write"),
            (["quantize", model, "--typo", "Q4_0"], "is not understood"),
            (["imatrix", model, "--text", text, "--hessian", out, "--context", "64"], "the job has 23 sites"),
            (["imatrix", "--show", model], "without a model"),
            (["perplexity", "--merge-scores", text], "adding up files of scores"),
            (["perplexity", model, "--text", text, "--context", "64"], "at most"),
            (["report", "--model", "a=\(model)", "--text", "t=\(text)", "--context", "64"], "the job has 6 windows"),
            (["sensitivity", model, "--text", text, "-o", out, "--context", "64"], "the job has 17 probes"),
        ]
        for (job, words) in jobs {
            let outcome = try await Swage.run(["plan", "-o", workspace.file("p.json"), "--parts", "99", "--"] + job)
            #expect(outcome.status == 2 && outcome.error.contains(words), "\(job): \(outcome.error)")
        }
        #expect(workspace.contents.isEmpty)
    }

    /// A stranger's plan writes nothing outside of its folder.
    @Test func outputsElsewhere() async throws {
        try Conformance.row("inputs/plan-outputs")
        let run = try await Self.quantize(1)
        let inside = try Workspace()
        let elsewhere = inside.file("out.gguf")
        try Self.edit(run.plan, run.workspace.file("out.gguf"), elsewhere)
        for arguments in [["run", run.plan, "--all"], ["finish", run.plan], ["status", run.plan]] {
            let outcome = try await Swage.run(arguments)
            #expect(
                outcome.status == 2 && outcome.error.contains("\(elsewhere): the job would write outside"),
                "\(outcome.error)")
        }
        let planned = try await Swage.run(
            "plan", "-o", run.workspace.file("q.json"), "--parts", "1", "--", "convert", Products.checkpoint, "-o",
            elsewhere)
        #expect(planned.status == 2 && planned.error.contains("put the plan beside the job's outputs"))
        #expect(inside.contents.isEmpty)
    }

    /// The plan is not written over what the job reads.
    @Test func thePlanIsNoInput() async throws {
        let workspace = try Workspace()
        let model = try await TinyModel(workspace)
        let outcome = try await Swage.run(
            "plan", "-o", model.path, "--parts", "1", "--overwrite", "--", "quantize", model.path, "--type", "Q4_0",
            "-o", workspace.file("out.gguf"))
        #expect(outcome.status == 2 && outcome.error.contains("the output is also an input"), "\(outcome.error)")
    }

    /// The second of two runs of a part ends; what the first does is not touched.
    @Test func twoRunsOfAPart() async throws {
        try Conformance.row("inputs/plan-lost")
        let run = try await Self.quantize(2)
        try FileManager.default.createDirectory(
            atPath: run.workspace.file("plan.parts"), withIntermediateDirectories: true)
        let growing = run.workspace.file("plan.parts/.part-00001-of-00002.gguf.partial")
        let content = Data("what the first run has written".utf8)
        try content.write(to: URL(filePath: growing))
        let descriptor = open(growing, O_RDWR)
        try #require(descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        let outcome = try await Swage.run("run", run.plan, "--part", "1")
        #expect(outcome.status != 0 && outcome.error.contains("another process is writing"), "\(outcome.error)")
        #expect(try Data(path: growing) == content)
        close(descriptor)
        try await run.run("--part", "1")
    }

    /// Paths of a job begin where they did when it was planned, wherever its plan is run.
    @Test func relativePaths() async throws {
        let workspace = try Workspace()
        let model = try await TinyModel(workspace)
        let name = URL(filePath: model.path).lastPathComponent
        let outcome = try await Swage.run(
            ["plan", "-o", "plan.json", "--parts", "2", "--", "quantize", name, "--type", "Q4_0", "-o", "out.gguf"],
            directory: workspace.path)
        try #require(outcome.status == 0, "\(outcome.error)")
        for command in [["run", workspace.file("plan.json"), "--all"], ["finish", workspace.file("plan.json")]] {
            let outcome = try await Swage.run(command)
            #expect(outcome.status == 0, "\(outcome.error)")
        }
        #expect(workspace.contents.contains("out.gguf"))
    }
}
