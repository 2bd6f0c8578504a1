import Foundation
import TestSupport
import Testing

/// Inputs that fuzzing found, cut down to what is wrong with them.
@Suite struct FuzzedFileTests {
    /// The row of the table, the file, the command that reads it, and what it says.
    private static let files: [(row: String, file: String, arguments: [String], words: String)] = [
        (
            "inputs/scores-without-texts", "scores-without-texts.jsonl", ["perplexity", "--merge-scores", "{file}"],
            "line 1"
        )
    ]

    @Test(arguments: files)
    func refuses(row: String, file: String, arguments: [String], words: String) async throws {
        try Conformance.row(row)
        let path = Fixtures.path("hostile/fuzzed/\(file)")
        let outcome = try await Swage.run(arguments.map { $0.replacing("{file}", with: path) })
        #expect(outcome.status == 3, "\(outcome.status) \(outcome.error)")
        #expect(outcome.error.contains(path) && outcome.error.contains(words), "\(outcome.error)")
        #expect(outcome.output.isEmpty)
    }
}
