import Foundation
import Testing

/// A run that has to end with an error, and what it has to say.
struct Refusal: Sendable, CustomTestStringConvertible {
    /// What is wrong.
    let name: String
    let status: Int32
    /// All of them appear on standard error.
    let words: [String]
    /// Prepares the files; `{model}` and `{out}` in the returned arguments stand for the checkpoint and the output.
    let arguments: @Sendable (Workspace, CheckpointCopy) async throws -> [String]

    var testDescription: String { name }

    /// A command on good files.
    init(
        _ name: String, status: Int32, _ words: String...,
        arguments: @escaping @Sendable (Workspace) async throws -> [String]
    ) {
        self.init(name, status: status, words: words, arguments: arguments)
    }

    init(
        _ name: String, status: Int32, words: [String],
        arguments: @escaping @Sendable (Workspace) async throws -> [String]
    ) {
        (self.name, self.status, self.words) = (name, status, words)
        self.arguments = { workspace, _ in try await arguments(workspace) }
    }

    /// A command on a damaged checkpoint.
    init(
        checkpoint name: String, _ words: [String],
        arguments: [String] = ["convert", "{model}", "-o", "{out}"],
        damage: @escaping @Sendable (CheckpointCopy) throws -> Void
    ) {
        (self.name, status, self.words) = (name, 3, words)
        self.arguments = { _, checkpoint in
            try damage(checkpoint)
            return arguments
        }
    }

    /// `convert` of a damaged checkpoint.
    init(checkpoint name: String, _ words: String..., damage: @escaping @Sendable (CheckpointCopy) throws -> Void) {
        self.init(checkpoint: name, words, damage: damage)
    }

    /// Runs the command and checks exit status, message, and that nothing was written.
    func check() async throws {
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint("model")
        let output = workspace.file("out.gguf")
        let arguments = try await self.arguments(workspace, checkpoint).map {
            $0.replacing("{model}", with: checkpoint.path).replacing("{out}", with: output)
        }
        let before = workspace.contents
        let outcome = try await Swage.run(arguments)
        #expect(outcome.status == status, "\(outcome.error)")
        #expect(outcome.output.isEmpty)
        for word in words {
            let word = word.replacing("{model}", with: checkpoint.path).replacing("{out}", with: output)
            #expect(outcome.error.contains(word), "\(outcome.error)")
        }
        #expect(outcome.error.hasPrefix("swage: ") || outcome.error.hasPrefix("Error: "))
        // The problem on the first line, what to do about it below.
        #expect(outcome.error.split(separator: "\n").count >= 2, "\(outcome.error)")
        #expect(workspace.contents == before, "nothing may be written")
    }
}
