import Foundation
import TestSupport
import Testing

/// One command from a checkpoint to a folder that can be published.
@Suite struct MakeTests {
    private static func arguments(_ workspace: Workspace) throws -> [String] {
        [
            "make", try ShallowCheckpoint.path(), "--type", "Q4_K_M", "IQ2_XXS", "-o", workspace.file("folder"),
            "--calibration-chunks", "1", "--chunks", "1", "--text",
            "fiction=\(Fixtures.path("text/eval/fiction-en.txt"))",
            "--text", "web=\(Fixtures.path("text/eval/web-zh.txt"))",
        ]
    }

    private static let documents = ["Modelfile", "README.md", "report.csv", "report.html", "report.json", "report.md"]

    private static func contents(_ workspace: Workspace) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: workspace.file("folder"))
    }

    @Test func makesAFolderToPublish() async throws {
        let workspace = try Workspace()
        let plan = try await Swage.run(Self.arguments(workspace) + ["--dry-run"])
        #expect(plan.status == 0, "\(plan.error)")
        #expect(plan.output.contains("shallow-Q4_K_M.gguf") && plan.output.contains("of disk are needed"))
        #expect(plan.output.contains("measured on fiction, web, which takes about "))
        #expect(workspace.contents.isEmpty)

        let outcome = try await Swage.run(Self.arguments(workspace))
        #expect(outcome.status == 0, "\(outcome.error)")
        let steps = outcome.error.split(separator: "\n").filter {
            $0.hasPrefix("step ") && $0.dropFirst(8).hasPrefix(": ")
        }
        #expect(steps.map { $0.prefix(8) } == ["step 1/3", "step 2/3", "step 3/3"], "\(outcome.error)")
        #expect(steps.last?.hasSuffix("measuring") == true)
        let files = Set(try Self.contents(workspace))
        #expect(files.isSuperset(of: Self.documents))
        #expect(files.isSuperset(of: ["shallow-Q4_K_M.gguf", "shallow-IQ2_XXS.gguf"]))
        #expect(!files.contains { $0.hasSuffix(".work") || $0.hasSuffix(".partial") }, "\(files)")
        let card = try String(contentsOfFile: workspace.file("folder/README.md"), encoding: .utf8)
        #expect(card.contains("shallow-IQ2_XXS.gguf"))

        // It is the file that quantize makes.
        let texts = Products.texts
        let alone = workspace.file("alone.gguf")
        let one = try await Swage.run(
            [
                "quantize", try ShallowCheckpoint.path(), "-o", alone, "--type", "IQ2_XXS", "--calibration-chunks", "1",
                "--calibrate",
            ]
                + texts)
        #expect(one.status == 0, "\(one.error)")
        #expect(try tensorBytes(alone) == tensorBytes(workspace.file("folder/shallow-IQ2_XXS.gguf")))

        // Complete work of this or any other run is not replaced.
        let again = try await Swage.run(Self.arguments(workspace))
        #expect(again.status == 2 && again.error.contains("it is there already"), "\(again.error)")
    }

    /// What an interrupted run has completed is not made again, and the rest is the same to the byte.
    @Test func goesOnAfterAnInterruption() async throws {
        let workspace = try Workspace()
        let first = workspace.file("folder/shallow-Q4_K_M.gguf")
        let record = workspace.file("folder/make.work/file-Q4-K-M.record")
        let run = try Swage.Run(try Self.arguments(workspace))
        #expect(await run.send(SIGKILL) { access(record, F_OK) == 0 })
        _ = try await run.outcome()
        let made = try FileManager.default.attributesOfItem(atPath: first)[.modificationDate] as? Date
        let outcome = try await Swage.run(Self.arguments(workspace))
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.output.contains("is there"))
        #expect(try FileManager.default.attributesOfItem(atPath: first)[.modificationDate] as? Date == made)
        #expect(Set(try Self.contents(workspace)).isSuperset(of: Self.documents))
    }

    @Test(arguments: [
        // Before anything is made.
        Refusal("make and measure on less than a window", status: 3, "the text has 245 tokens") { _ in
            [
                "make", Products.checkpoint, "-o", "{out}", "--type", "Q8_0", "--text", "a=\(Products.tinyText)",
            ]
        },
        Refusal("make nothing", status: 2, "say what to make") { _ in ["make", Products.checkpoint, "-o", "{out}"] },
        Refusal("make an unknown type", status: 2, "did you mean Q4_K_M?") { _ in
            ["make", Products.checkpoint, "-o", "{out}", "--type", "Q4_KM"]
        },
        Refusal("make of what is quantized", status: 2, "--allow-requantize") { _ in
            ["make", try await Products.quantized.value, "-o", "{out}", "--type", "IQ2_XXS"]
        },
    ]) func refusals(refusal: Refusal) async throws { try await refusal.check() }
}
