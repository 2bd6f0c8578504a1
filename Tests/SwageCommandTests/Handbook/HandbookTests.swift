import Foundation
import TestSupport
import Testing

/// The commands of the handbook and of the README, run as they stand there; `make test-slow` runs those marked as slow too.
@Suite struct HandbookTests {
    private static let handbook = Fixtures.root.appending(path: "Docs/Handbook.docc")

    static let pages: [String] =
        ["../../README.md"]
        + ((try? FileManager.default.contentsOfDirectory(atPath: handbook.path)) ?? []).filter { $0.hasSuffix(".md") }
        .sorted()

    @Test func theHandbookIsThere() { #expect(Self.pages.count > 15) }

    @Test(arguments: pages) func everyCommandRunsAndPrintsWhatThePageShows(page: String) async throws {
        let script = Fixtures.root.appending(path: "Tests/Handbook/run.sh").path
        let run = try Swage.Run(
            [script, Swage.binary.get().path, "quick", Self.handbook.appending(path: page).path],
            program: URL(filePath: "/bin/bash"))
        let outcome = try await run.outcome()
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.error)")
    }
}
