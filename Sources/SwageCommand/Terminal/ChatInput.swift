import Files
import Reporting

/// What the user of a conversation enters.
struct ChatInput {
    enum Entry {
        case turn(String)
        case exit
        case reset
        /// The new system message, or none.
        case system(String?)
        case help
        case unknown(String)
    }

    static let help = """
        Commands: /exit or Ctrl-D ends the program, /reset forgets the conversation, /system TEXT changes what the model \
        is told before it, /help shows this. A turn that begins like a command is told from one by a space before it.
        """

    private var input = StandardInput()
    private let editor: LineEditor?
    private let isTerminal = StandardInput.isTerminal

    init() {
        TerminalMode.keep()
        editor = LineEditor()
        if isTerminal { StandardStream.error.write("/help lists the commands; Ctrl-C ends an answer.\n") }
    }

    /// Keeps what is typed while the model answers for the turns after.
    func apart<Result>(_ answering: () throws -> Result) rethrows -> Result {
        try TerminalMode.withoutEcho(isByteWise: editor != nil, answering)
    }

    /// The next entry; nil at the end of the input. Lines without text are left out.
    mutating func next() throws -> Entry? {
        while let text = try turn() {
            guard text.contains(where: { !$0.isWhitespace }) else { continue }
            return Self.entry(text)
        }
        if isTerminal { StandardStream.error.write("\n") }
        return nil
    }

    /// A line and those that it goes on in.
    private mutating func turn() throws -> String? {
        guard var text = try line(prompt: "> ") else { return nil }
        while text.last == UInt8(ascii: "\\") {
            text[text.count - 1] = UInt8(ascii: "\n")
            guard let more = try line(prompt: "… ") else { break }
            text += more
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func line(prompt: String) throws -> [UInt8]? {
        if let editor {
            let line = editor.line(prompt: prompt)
            guard line.map({ $0.count <= InputLimit.prompt.byteCount }) ?? true else {
                throw FileError(.tooLarge(.prompt, byteCount: line?.count ?? 0), path: StandardInput.name)
            }
            return line
        }
        guard isTerminal else { return try input.line() }
        StandardStream.error.write("\(prompt)")
        // What waits already has been typed unseen.
        let isUnseen = TerminalMode.hasInput
        let line = try input.line()
        if isUnseen, let line { StandardStream.error.write("\(String(decoding: line, as: UTF8.self))\n") }
        return line
    }

    private static func entry(_ text: String) -> Entry {
        let name = text.prefix { !$0.isWhitespace }
        // Paths and the like are no commands.
        guard name.first == "/", name.count > 1, name.dropFirst().allSatisfy({ $0.isASCII && $0.isLetter }) else {
            return .turn(text)
        }
        let rest = text[name.endIndex...].drop { $0.isWhitespace }
        return switch name {
        case "/exit": .exit
        case "/reset": .reset
        case "/system": .system(rest.isEmpty ? nil : String(rest))
        case "/help": .help
        default: .unknown(String(name))
        }
    }
}
