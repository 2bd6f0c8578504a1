import Foundation
import GGUF
import Platform
import TestSupport
import Testing

/// `swage quantize --calibrate`.
@Suite struct CalibratingTests {
    private static let texts = ["fiction-en", "web-zh"].map { Fixtures.path("text/calib/\($0).txt") }

    /// Quantizes the bundled model to IQ2_XXS with a few windows.
    private static func arguments(_ output: String, type: String = "IQ2_XXS") async throws -> [String] {
        [
            "quantize", try await Products.original.value, "-o", output, "--type", type, "--calibration-context", "256",
            "--calibration-chunks", "4", "--calibrate",
        ] + texts
    }

    private static let calibrated = Task {
        let workspace = try Workspace()
        let output = workspace.file("calibrated.gguf")
        let outcome = try await Swage.run(try await arguments(output))
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(workspace.contents == ["calibrated.gguf"])
        return (workspace, output)
    }

    /// The same types and bytes, half the divergence.
    @Test func isNearerToTheOriginal() async throws {
        let workspace = try Workspace()
        let plain = workspace.file("plain.gguf")
        let importance = workspace.file("importance.gguf")
        let original = try await Products.original.value
        let collected = try await Swage.run(
            ["imatrix", original, "-o", importance, "--context", "256", "--chunks", "4", "--text"] + Self.texts)
        #expect(collected.status == 0)
        let outcome = try await Swage.run(
            "quantize", original, "-o", plain, "--type", "IQ2_XXS", "--imatrix", importance)
        #expect(outcome.status == 0)
        let calibrated = try await Self.calibrated.value.1
        let (a, b) = (try GGUFFile(path: plain), try GGUFFile(path: calibrated))
        #expect(a.tensors == b.tensors)
        #expect(b.metadata.strings("swage.calibration.texts")?.count == 2)

        var divergences: [Double] = []
        for file in [plain, calibrated] {
            let outcome = try await Swage.run(
                "perplexity", file, "--reference", original, "--json", "--chunks", "2", "--text",
                Fixtures.path("text/eval/fiction-en.txt"))
            divergences.append(try #require(try outcome.json(PerplexityReport.self).texts[0].divergence?.mean.value))
        }
        #expect(divergences[1] < 0.6 * divergences[0], "\(divergences)")
    }

    @Test func threadsChangeNothing() async throws {
        let workspace = try Workspace()
        let output = workspace.file("one.gguf")
        let outcome = try await Swage.run(try await Self.arguments(output) + ["--threads", "1"])
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(try Data(path: output) == Data(path: try await Self.calibrated.value.1))
    }

    @Test func continuesAKilledRunToTheSameBytes() async throws {
        let workspace = try Workspace()
        let output = workspace.file("out.gguf")
        let arguments = try await Self.arguments(output)
        let run = try Swage.Run(arguments)
        #expect(await run.send(SIGKILL) { access(output + ".calibration/states", F_OK) == 0 })
        _ = try await run.outcome()
        if workspace.contents == ["out.gguf.calibration"] {
            let other = try await Swage.run(try await Self.arguments(output, type: "IQ1_S"))
            #expect(other.status == 2 && other.error.contains("belongs to another calibration"))
        }
        let second = try await Swage.run(arguments)
        #expect(second.status == 0, "\(second.error)")
        #expect(workspace.contents == ["out.gguf"])
        #expect(try Data(path: output) == Data(path: try await Self.calibrated.value.1))
    }

    @Test func refusesWhatDoesNotFit() async throws {
        let workspace = try Workspace()
        let output = workspace.file("out.gguf")
        let small = try await Swage.run(try await Self.arguments(output) + ["--memory", "40M"])
        #expect(small.status == 4 && small.error.contains("--calibration-chunks"))
        let short = try await Swage.run(
            "quantize", try await Products.original.value, "-o", output, "--type", "IQ2_XXS", "--calibrate",
            try workspace.write("short.txt", Array("Too short.".utf8)))
        #expect(short.status == 3 && short.error.contains("fewer than one window"))
        let text = try workspace.write("text.txt", Array("text".utf8))
        let over = try await Swage.run(
            "quantize", try await Products.original.value, "-o", text, "--type", "IQ2_XXS", "--calibrate", text)
        #expect(over.status == 2 && over.error.contains("also an input"))
        #expect(workspace.contents.sorted() == ["short.txt", "text.txt"])
    }
}
