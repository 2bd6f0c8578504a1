import ArgumentParser
import Files
import Models
import Pipelines
import Platform
import Reporting

/// The command line.
public enum SwageCommand {
    static let commands: [any SwageSubcommand.Type] = [
        Make.self, Convert.self, Upcycle.self, ImportanceMatrixCommand.self, SensitivityCommand.self, Quantize.self,
        PerplexityCommand.self,
        Evaluate.self, Compare.self, Report.self, Generate.self, Chat.self, Tokenize.self, Inspect.self, Verify.self,
        Hash.self, Fit.self, Types.self, Split.self, Merge.self, Clean.self,
        PlanCommand.self, RunCommand.self, StatusCommand.self, FinishCommand.self,
    ]

    /// Parses the process's arguments, runs the command and exits.
    public static func main() -> Never {
        StandardStream.reserve()
        Interruption.install()
        do {
            var command = try Swage.parseAsRoot()
            let files = CommandFiles(of: command)
            try files.check()
            if let command = command as? any SwageSubcommand { ProgressLine.verbosity = command.terminal.verbosity }
            if let command = command as? any WritingCommand { try Replacement.check(files, of: command) }
            let ending = EndNote(files)
            if let command = command as? any SwageSubcommand { JSONOutput.begin(command, files, ending) }
            try command.run()
            try JSONOutput.end()
            ending.write()
        } catch {
            end(after: error)
        }
        ExitStatus.done.exit()
    }

    /// Says what went wrong, unless nobody reads results any more; the parser's help is no error, but a result.
    private static func end(after error: any Error) -> Never {
        if let failure = error as? OutputFailure, failure.isClosedPipe { Interruption.end(by: SIGPIPE) }
        if let error = error as? any DiagnosticError {
            Failure.report(error)
            Failure.sayWhatIsKept()
            ExitStatus(error.diagnostic.fault).exit()
        }
        switch Swage.exitCode(for: error) {
        case .success:
            do {
                try StandardStream.output.write(message(of: error))
            } catch {
                end(after: error)
            }
            ExitStatus.done.exit()
        case .validationFailure:
            ProgressLine.clear()
            let advice = UsageAdvice(Array(CommandLine.arguments.dropFirst()))
            if let text = advice.text {
                StandardStream.error.write("Error: \(text)")
            } else {
                StandardStream.error.write(message(of: error) + (advice.valueAdvice ?? ""))
            }
            ExitStatus.badUsage.exit()
        default:
            Failure.report(error)
            Failure.sayWhatIsKept()
            ExitStatus.failed.exit()
        }
    }

    /// What the parser of arguments says.
    private static func message(of error: any Error) -> DisplayText {
        DisplayText(lines: Swage.fullMessage(for: error) + "\n")
    }
}

/// The root command.
struct Swage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swage",
        abstract: "Converts mixture-of-experts checkpoints to GGUF, quantizes them, and measures what that costs.",
        version: BuildDescription.text,
        subcommands: SwageCommand.commands)
}
