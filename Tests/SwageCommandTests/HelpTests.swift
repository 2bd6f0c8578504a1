import Foundation
import TestSupport
import Testing

/// Help fits a terminal of 80 columns, and shows what to type.
@Suite struct HelpTests {
    @Test func everyCommandHasAnExample() async throws {
        let commands = Set(OptionTable.all.map(\.command))
        try #require(commands.count >= 18)
        for command in commands {
            let page = try await Swage.run(command, "--help").output
            let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.allSatisfy { $0.count <= 80 }, "\(command)")
            let examples = lines.drop { $0 != "EXAMPLES:" }.dropFirst().prefix { !$0.isEmpty }
            #expect(!examples.isEmpty && examples.allSatisfy { ($0 + " ").hasPrefix("swage \(command) ") }, "\(page)")
        }
    }

    /// Every command that replaces a file can be told to, and every command to be quiet.
    @Test func commandsShareTheirOptions() async throws {
        // What is replaced when a plan is finished is its job's to name.
        let replacing = Set(OptionTable.options(.output).map(\.command)).subtracting(["clean"]).union(["finish"])
        for command in Set(OptionTable.all.map(\.command)) {
            let page = try await Swage.run(command, "--help").output
            #expect(page.contains("--quiet") && page.contains("--verbose"), "\(command)")
            #expect(page.contains("--overwrite") == replacing.contains(command), "\(command)")
        }
    }
}
