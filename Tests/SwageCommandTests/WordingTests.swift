import ArgumentParser
import Files
import Testing
@testable import SwageCommand

/// What messages call settings and procedures is what the command line calls them.
@Suite struct WordingTests {
    @Test(arguments: Setting.allCases) func optionExists(setting: Setting) {
        let helps = SwageCommand.commands.map { $0.helpMessage(columns: 200) }
        #expect(helps.contains { $0.contains("\(setting.option) ") }, "\(setting.option)")
    }

    @Test(arguments: Procedure.allCases) func commandExists(procedure: Procedure) throws {
        let words = procedure.command.split(separator: " ").map(String.init)
        let command = try #require(
            SwageCommand.commands.first { "swage \($0._commandName)" == words.prefix(2).joined(separator: " ") })
        let help = command.helpMessage(columns: 200)
        for option in words where option.hasPrefix("--") { #expect(help.contains(option)) }
    }

    @Test func namesAreReplaced() {
        let message: Message =
            "raise \(.memory), or use \(.context, 512) after \(run: .measureSensitivity) of \(3) texts"
        #expect(
            message.commandLineText == "raise --memory, or use --context 512 after swage sensitivity of 3 texts")
        #expect(message.description == "raise memory, or use context 512 after measureSensitivity of 3 texts")
        let longer: Message = "advice: \(message)"
        #expect(longer.commandLineText == "advice: \(message.commandLineText)")
    }
}
