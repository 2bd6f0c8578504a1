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
        Commands: /exit ends the program, /reset forgets the conversation, /system TEXT changes what the model is told \
        before it, /help shows this. A turn that begins like a command is told from one by a space before it.
        """

    private var input = StandardInput()
    private let isTerminal = StandardInput.isTerminal

    init() {
        if isTerminal { StandardStream.error.write("/help lists the commands; Ctrl-C ends an answer.\n") }
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
        prompt("> ")
        guard var text = try input.line() else { return nil }
        while text.last == UInt8(ascii: "\\") {
            text[text.count - 1] = UInt8(ascii: "\n")
            prompt("… ")
            guard let more = try input.line() else { break }
            text += more
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func prompt(_ text: DisplayText) {
        if isTerminal { StandardStream.error.write(text) }
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
