import Foundation
import Testing

/// A job in parts, run as a user would run it.
struct PlannedRun {
    let workspace: Workspace
    var plan: String { workspace.file("plan.json") }

    init(_ count: Int, _ job: (Workspace) -> [String], in workspace: Workspace? = nil) async throws {
        self.workspace = try workspace ?? Workspace()
        let outcome = try await Swage.run(
            ["plan", "-o", plan, "--parts", "\(count)", "--overwrite", "--"] + job(self.workspace))
        try #require(outcome.status == 0, "\(outcome.error)")
    }

    /// Does parts, all unless told.
    @discardableResult
    func run(_ options: String...) async throws -> Swage.Outcome {
        let outcome = try await Swage.run(["run", plan] + (options.isEmpty ? ["--all"] : options))
        try #require(outcome.status == 0, "\(outcome.error)")
        return outcome
    }

    @discardableResult
    func finish(_ options: String...) async throws -> Swage.Outcome {
        let outcome = try await Swage.run(["finish", plan] + options)
        try #require(outcome.status == 0, "\(outcome.error)")
        return outcome
    }

    /// The file of a part.
    func part(_ number: Int, of count: Int, _ suffix: String) -> String {
        workspace.file("plan.parts/part-0000\(number)-of-0000\(count).\(suffix)")
    }
}
