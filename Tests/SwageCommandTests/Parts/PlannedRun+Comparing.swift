import Foundation
import Testing

extension PlannedRun {
    /// Runs a job by itself and in parts, and expects the same files and the same words of both.
    ///
    /// - Parameters:
    ///   - counts: The numbers of parts.
    ///   - job: The words of the job, whose outputs are in the given folder.
    static func expectOneRun(_ counts: [Int], _ job: (Workspace) -> [String]) async throws {
        let single = try Workspace()
        let expected = try await Swage.run(job(single))
        try #require(expected.status == 0, "\(expected.error)")
        let files = single.contents
        #expect(!files.isEmpty)
        for count in counts {
            let run = try await PlannedRun(count, job)
            try await run.run()
            let outcome = try await run.finish("--remove")
            #expect(outcome.output.replacing(run.workspace.path, with: single.path) == expected.output)
            #expect(run.workspace.contents == (files + ["plan.json"]).sorted())
            for file in files {
                #expect(
                    try Data(path: run.workspace.file(file)) == Data(path: single.file(file)), "\(file), \(count) parts"
                )
            }
        }
    }
}
