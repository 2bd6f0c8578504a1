import Foundation
import Platform
import TestSupport
import Testing

/// The line of progress on a terminal, and what takes its place elsewhere.
@Suite struct ProgressTests {
    /// The columns of the characters that the names here have.
    private static func width(_ line: Substring) -> Int {
        line.unicodeScalars.reduce(0) { $0 + ((0x2E80...0x9FFF).contains($1.value) ? 2 : 1) }
    }

    @Test(arguments: [40, 80, 200]) func neverWraps(columns: Int) async throws {
        let workspace = try Workspace()
        let terminal = try Pseudoterminal(columns: columns)
        let name = "模型的量化结果保存在这个很长的文件名下面直到终端的宽度不够用为止.gguf"
        let outcome = try await Swage.run(
            [
                "quantize", try await Products.original.value, "-o", workspace.file(name), "--type", "IQ2_XXS",
                "--imatrix",
                try await Products.importance.value,
            ], standardError: terminal.path)
        #expect(outcome.status == 0)
        let text = terminal.text()
        let shown = text.split(separator: "\r\u{1B}[K").filter { $0.hasPrefix("writing") || $0.hasPrefix("checking") }
        try #require(shown.count > 3)
        for line in shown { #expect(Self.width(line.prefix { $0 != "\n" }) < columns, "\(line)") }
        #expect(shown.contains { $0.contains("%") })
        // The last word is what was written; nothing of the line stays.
        #expect(text.contains("\r\u{1B}[Kwrote ") && text.hasSuffix(" s\n"), "\(text.suffix(200))")
        if columns == 200 { #expect(shown.contains { $0.contains("blk.0.ffn_down_exps.weight") }) }
    }

    @Test func calibrationNamesLayersAndExperts() async throws {
        let workspace = try Workspace()
        let terminal = try Pseudoterminal(columns: 200)
        let outcome = try await Swage.run(
            [
                "quantize", try await Products.original.value, "-o", workspace.file("out.gguf"), "--type", "Q2_K",
                "--calibrate", Products.texts[0], "--calibration-chunks", "1",
            ], standardError: terminal.path)
        #expect(outcome.status == 0)
        let text = terminal.text()
        #expect(text.contains("calibrating: "))
        #expect(text.contains(/layer 3\/4, ffn_(gate|up|down)_exps of expert \d/), "\(text.prefix(2000))")
    }

    /// A step of work that has several, and the time that all of it takes.
    @Test func stepsAreCounted() async throws {
        let workspace = try Workspace()
        let terminal = try Pseudoterminal(columns: 200)
        let outcome = try await Swage.run(
            [
                "make", Products.checkpoint, "-o", workspace.file("folder"), "--type", "Q8_0", "--calibrate",
                Products.texts[0], "--calibration-chunks", "1", "--chunks", "1", "--text",
                "web=\(Fixtures.path("text/eval/web-en.txt"))",
            ], standardError: terminal.path)
        #expect(outcome.status == 0, "\(outcome.error)")
        let text = terminal.text()
        #expect(
            text.contains("\r\u{1B}[Kstep 1/2, calibrating") && text.contains("left of all"), "\(text.prefix(2000))")
        #expect(text.contains("step 2/2, evaluating Q8_0 beside original"))
    }

    @Test func quietRunsTellNothing() async throws {
        let workspace = try Workspace()
        let terminal = try Pseudoterminal()
        let arguments = ["convert", Products.checkpoint, "-o", workspace.file("out.gguf"), "--quiet"]
        #expect(try await Swage.run(arguments, standardError: terminal.path).status == 0)
        #expect(terminal.text().isEmpty)
    }

    /// A run that is no terminal's says what it wrote, and how long that took.
    @Test func theEndIsTold() async throws {
        let workspace = try Workspace()
        let output = workspace.file("out.gguf")
        let outcome = try await Swage.run("convert", Products.checkpoint, "-o", output)
        #expect(
            outcome.error.contains(try Regex("^wrote \\Q\(output)\\E \\(34\\.8 MB\\) in [0-9.]+ (s|min \\d+ s)\n$")))
    }

    @Test func interruptionLeavesACleanTerminal() async throws {
        let workspace = try Workspace()
        let terminal = try Pseudoterminal()
        let run = try Swage.Run(
            [
                "quantize", try await Products.original.value, "-o", workspace.file("out.gguf"), "--type", "IQ2_XXS",
                "--imatrix", try await Products.importance.value, "--threads", "1",
            ], standardError: terminal.path)
        let folder = workspace.file("out.gguf.work")
        #expect(await run.send(SIGINT) { access(folder, F_OK) == 0 })
        #expect(try await run.outcome().status == 130)
        let rest = terminal.text().components(separatedBy: "\r\u{1B}[K").last ?? ""
        #expect(rest.isEmpty || rest.hasPrefix("swage: ") && rest.hasSuffix("\n"), "\(rest)")
    }
}
