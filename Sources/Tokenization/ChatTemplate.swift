/// A conversation format: the part of Jinja that the templates of the supported models are written in.
///
/// Blocks are trimmed as HuggingFace transformers has them (`trim_blocks` and `lstrip_blocks`). Known are: output, `for`
/// with `loop`, `if`, `set`, comments; literals, lists, items, attributes, slices, arithmetic, comparisons, `in`, `~`,
/// `and`, `or`, `not`, conditional expressions; `namespace`, `range`, `raise_exception`; the filters, tests and
/// methods of strings that ``ChatTemplateError`` does not name.
public struct ChatTemplate: Sendable {
    /// A position in the source.
    struct Place: Sendable, Equatable {
        var line: Int
        var column: Int
    }

    private let statements: [Statement]

    /// Reads a template.
    /// - Throws: `ChatTemplateError` with the place of what is not known, also if no message would get there.
    public init(source: String) throws(ChatTemplateError) {
        var parser = StatementParser(try Scanner.segments(of: source))
        statements = try parser.template()
    }

    /// The text of a conversation.
    /// - Parameters:
    ///   - messages: from the first to the last. The template decides which roles there are.
    ///   - addGenerationPrompt: whether the beginning of the model's answer follows.
    ///   - bos: the text of the token that begins texts; templates that write it expect that no other one is added.
    ///   - eos: the text of the token that ends texts.
    /// - Throws: `ChatTemplateError` if the template refuses the messages, or uses a value as what it is not.
    public func render(
        messages: [(role: String, content: String)], addGenerationPrompt: Bool, bos: String, eos: String
    ) throws(ChatTemplateError) -> String {
        var variables: [String: Value] = [
            "messages": .list(
                messages.map { .map(["role": .string($0.role), "content": .string($0.content)]) }),
            "add_generation_prompt": .bool(addGenerationPrompt), "bos_token": .string(bos), "eos_token": .string(eos),
        ]
        for name in ["tools", "documents"] { variables[name] = Value.none }
        var renderer = Renderer(variables: variables)
        try renderer.run(statements)
        return renderer.output
    }
}
