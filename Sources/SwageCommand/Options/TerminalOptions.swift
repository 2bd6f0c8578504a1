import ArgumentParser

/// How much a command tells on standard error.
enum Verbosity: EnumerableFlag {
    case quiet, usual, verbose

    static var allCases: [Verbosity] { [.quiet, .verbose] }

    static func help(for value: Verbosity) -> ArgumentHelp? {
        value == .quiet
            ? "Tell nothing on standard error but warnings and errors."
            : "Tell on standard error what the time went into."
    }
}

/// Options of every command: what it says beside its results.
struct TerminalOptions: ParsableArguments {
    @Flag(exclusivity: .exclusive) var verbosity: Verbosity = .usual
}

/// A command of the program.
protocol SwageSubcommand: ParsableCommand {
    var terminal: TerminalOptions { get }
}

/// A command that writes files under names that can be taken.
protocol WritingCommand: SwageSubcommand {
    var replacing: ReplaceOptions { get }
    /// Whether the command is only to show what it would do.
    var writesNothing: Bool { get }
    /// Those of the outputs that are left alone this time.
    var sparedOutputs: [String] { get }
}

extension WritingCommand {
    var writesNothing: Bool { false }
    var sparedOutputs: [String] { [] }
}

/// Options of every command that writes files.
struct ReplaceOptions: ParsableArguments {
    @Flag(name: .customLong("overwrite"), help: "Replace outputs that are there already, without asking.")
    var replacesOutputs = false
}
