import ByteJSON
import Foundation
import TestSupport
import Testing

/// What `--precision fast` changes, and that it is told.
@Suite struct PrecisionTests {
    private func run(_ arguments: [String]) async throws -> Swage.Outcome { try await Swage.run(arguments) }

    private func perplexity(_ arguments: String...) async throws -> Swage.Outcome {
        try await run(
            [
                "perplexity", try await Products.tinyModel.value, "--text", Products.tinyText, "--context", "32",
                "--chunks", "6",
            ] + arguments)
    }

    @Test func isNamed() async throws {
        let fast = try await perplexity("--json", "--precision", "fast")
        #expect(try JSON(parsing: Array(fast.output.utf8))["precision"]?.string == "fast")
        let plain = try await perplexity("--json")
        #expect(try JSON(parsing: Array(plain.output.utf8))["precision"]?.string == "reference")
        #expect(try await perplexity("--precision", "fast").output.contains("fast precision"))
        let other = try await perplexity("--precision", "fastest")
        #expect(other.status != 0)
    }

    @Test func scoresOfOneAreNotContinuedWithTheOther() async throws {
        let workspace = try Workspace()
        let path = workspace.file("scores")
        let first = try await perplexity("--save-scores", path)
        #expect(first.status == 0, "\(first.error)")
        let second = try await perplexity("--save-scores", path, "--precision", "fast")
        #expect(second.status != 0)
        #expect(second.error.contains("precision"))
    }

    @Test func storedPredictionsOfTheOtherAreComparedWithAWarning() async throws {
        let workspace = try Workspace()
        let path = workspace.file("predictions")
        let first = try await perplexity("--save-base-logits", path)
        #expect(first.status == 0, "\(first.error)")
        let same = try await perplexity("--base-logits", path)
        #expect(same.status == 0 && !same.error.contains("precision"), "\(same.error)")
        let other = try await perplexity("--base-logits", path, "--precision", "fast")
        #expect(other.status == 0 && other.error.contains("precision"), "\(other.error)")
    }

    @Test func secondMomentsAreCollectedInTheReference() async throws {
        let workspace = try Workspace()
        let outcome = try await run([
            "imatrix", try await Products.tinyBase.value, "--text", Products.tinyText, "--context", "32", "--hessian",
            workspace.file("h"), "--precision", "fast",
        ])
        #expect(outcome.status != 0)
        #expect(outcome.error.contains("--precision reference"))
    }
}
