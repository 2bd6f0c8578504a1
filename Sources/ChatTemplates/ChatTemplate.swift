import ByteJSON
import Files

/// A conversation format: a Jinja template, rendered as HuggingFace transformers renders it.
///
/// That is jinja2 in a sandbox that changes no value, with `trim_blocks` and `lstrip_blocks`, `break` and `continue`,
/// `{% generation %}`, `raise_exception`, `strftime_now` and a `tojson` that escapes nothing for HTML. Integers have 64
/// bits. Statements that take other templates in (`include`, `import`, `extends`, `block`) are errors where they are
/// reached, and so are the filters, tests and methods that are not known.
///
/// Templates come from strangers: what one may cost in steps, bytes and levels is bounded
/// (``ChatTemplateError/Limit``).
public struct ChatTemplate: Sendable {
    /// The source of the time that `strftime_now` tells a template.
    public struct Clock: Sendable {
        /// Seconds since 1970 began, in UTC; nil for the time of the call.
        let seconds: Int?
        /// Seconds by which local time is ahead; nil for the machine's zone.
        let offset: Int?

        /// The time at which a conversation is rendered, in the machine's zone.
        public static let now = Clock(seconds: nil, offset: nil)

        /// A time that stands still, in UTC.
        public static func fixed(secondsSince1970 seconds: Int) -> Clock { Clock(seconds: seconds, offset: 0) }
    }

    private let program: Function
    private let names: [Name]

    /// Reads a template.
    /// - Throws: `ChatTemplateError` with a line and column if the text is not Jinja.
    public init(source: String) throws(ChatTemplateError) {
        (program, names) = try RoomyThread.run { () throws(ChatTemplateError) in
            var parser = Parser(try Scanner.segments(of: source))
            let statements = try parser.template()
            return (try Compiler.compile(statements, parser.names), parser.names.all)
        }
    }

    /// Renders the template with variables.
    ///
    /// - Parameters:
    ///   - variables: the variables by name, `messages` among them. Templates expect `tools` and `documents` to be
    ///     there, `null` if there are none.
    ///   - clock: the source of the time that `strftime_now` tells.
    /// - Throws: `ChatTemplateError` if the template refuses the messages, uses a value as what it is not, reaches what
    ///   is not supported, or passes a limit.
    public func render(_ variables: [String: JSON], clock: Clock = .now) throws(ChatTemplateError) -> String {
        try RoomyThread.run { () throws(ChatTemplateError) in
            let renderer = Renderer(names: names, variables: variables, clock: clock)
            return String(decoding: try renderer.render(program), as: UTF8.self)
        }
    }

    /// The text of a conversation.
    /// - Parameters:
    ///   - messages: from the first to the last. The template decides which roles there are.
    ///   - tools: schemas of functions, an array; nil if there are none.
    ///   - documents: mappings with what the model is to know, an array; nil if there are none.
    ///   - addGenerationPrompt: whether the beginning of the model's answer follows.
    ///   - bos: the text of the token that begins texts; templates that write it expect that no other one is added.
    ///   - eos: the text of the token that ends texts.
    /// - Throws: as ``render(_:clock:)``.
    public func render(
        messages: [(role: String, content: String)], tools: JSON? = nil, documents: JSON? = nil,
        addGenerationPrompt: Bool, bos: String, eos: String
    ) throws(ChatTemplateError) -> String {
        let messages = messages.map { message in
            JSON.object(
                JSONObject([
                    ("role", .string(ByteString(message.role))), ("content", .string(ByteString(message.content))),
                ]))
        }
        return try render([
            "messages": .array(messages), "tools": tools ?? .null, "documents": documents ?? .null,
            "add_generation_prompt": .bool(addGenerationPrompt), "bos_token": .string(ByteString(bos)),
            "eos_token": .string(ByteString(eos)),
        ])
    }
}
