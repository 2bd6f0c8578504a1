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
    @Flag(help: "Print JSON in place of text; the handbook says what is in it.")
    var json = false

    @Flag(exclusivity: .exclusive) var verbosity: Verbosity = .usual
}

/// A command of the program.
protocol SwageSubcommand: ParsableCommand {
    var terminal: TerminalOptions { get }
    /// The version of what it prints as JSON, which changes with the meaning of a member, not with a new one.
    static var jsonVersion: Int { get }
}

extension SwageSubcommand {
    static var jsonVersion: Int { 1 }
}

/// A command that writes files under names that can be taken.
protocol WritingCommand: SwageSubcommand {
    var replacing: ReplaceOptions { get }
    /// Whether the command is only to show what it would do.
    var writesNothing: Bool { get }
    /// Those of the outputs that are left alone this time.
    var sparedOutputs: [String] { get }
    /// Whether what it prints as JSON says what was written and how long that took; not if it is a measurement, which is the
    /// same in every run.
    static var jsonTellsOutputs: Bool { get }
}

extension WritingCommand {
    var writesNothing: Bool { false }
    var sparedOutputs: [String] { [] }
    static var jsonTellsOutputs: Bool { true }
}

/// Options of every command that writes files.
struct ReplaceOptions: ParsableArguments {
    @Flag(name: .customLong("overwrite"), help: "Replace outputs that are there already, without asking.")
    var replacesOutputs = false
}
