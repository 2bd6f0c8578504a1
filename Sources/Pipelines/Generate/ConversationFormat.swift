import ChatTemplates
import Files
import Models
import Tokenizers

/// What the turns of a conversation look like to a model.
public struct ConversationFormat: Sendable {
    /// Where the template comes from.
    public enum Source: Sendable, Equatable {
        /// The template is the model's own.
        case model
        /// The template is one of a known name, or in a file.
        case chosen(ChatTemplateChoice)

        /// The source that a text stands for: `checkpoint` for the model's own, a known name, or else the path of a file.
        ///
        /// - Parameter text: A name or a path.
        public init(_ text: String) { self = text == Self.modelName ? .model : .chosen(ChatTemplateChoice(text)) }

        fileprivate static let modelName = "checkpoint"
    }

    /// What somebody says.
    typealias Message = (role: String, content: String)

    private let template: ChatTemplate
    private let tokenizer: Tokenizer
    private let material: ConversationMaterial
    /// The file that errors name.
    private let path: String
    /// The token that ends an answer.
    let endToken: TokenID?
    /// The text that ends an answer, if no token does.
    let endText: String?

    /// The format of a model's conversations.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - source: Where the template comes from; nil for the model's own, or ChatML if it has none but tokens for ChatML.
    ///   - material: Tools and documents, for templates that write them.
    /// - Throws: ``ConversationFormatError`` if there is no template, `ChatTemplateError` if it cannot be read.
    public init(_ model: Model, source: Source?, material: ConversationMaterial = .none) throws {
        let vocabulary = model.tokenizer.vocabulary
        path = if case .chosen(.file(let file))? = source { file } else { model.path }
        switch source {
        case .chosen(let choice): template = try Self.template(try choice.source(orElse: Source.modelName), path: path)
        case nil where vocabulary.chatTemplate == nil && Self.hasChatMLTokens(vocabulary):
            template = try Self.template(ChatTemplate.Named.chatML.source, path: path)
        case nil, .model:
            guard let text = vocabulary.chatTemplate else { throw ConversationFormatError(.noTemplate, file: path) }
            template = try Self.template(text, path: path)
        }
        tokenizer = model.tokenizer
        self.material = material
        (endToken, endText) = Self.end(template, model.tokenizer, material)
    }

    private static func template(_ source: String, path: String) throws -> ChatTemplate {
        do {
            return try ChatTemplate(source: source)
        } catch {
            throw ErrorInFile(path: path, underlying: error)
        }
    }

    private static func hasChatMLTokens(_ vocabulary: Vocabulary) -> Bool {
        vocabulary.pieces.contains("<|im_start|>") && vocabulary.pieces.contains("<|im_end|>")
    }

    /// The tokens that the model continues with its answer to the last message.
    func prompt(_ messages: [Message]) throws -> [TokenID] {
        do throws(ChatTemplateError) {
            let text = try Self.render(template, messages, tokenizer, material, addGenerationPrompt: true)
            return tokenizer.promptTokens(Array(text.utf8))
        } catch {
            throw ErrorInFile(path: path, underlying: error)
        }
    }

    /// The text of messages.
    func rendered(_ messages: [Message], addGenerationPrompt: Bool) throws(ChatTemplateError) -> String {
        try Self.render(template, messages, tokenizer, material, addGenerationPrompt: addGenerationPrompt)
    }

    /// The text of the token that begins a text; empty without one.
    var beginning: String {
        guard let id = tokenizer.vocabulary.specials.bos, let bytes = try? tokenizer.decode(CollectionOfOne(id)) else {
            return ""
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func render(
        _ template: ChatTemplate, _ messages: [Message], _ tokenizer: Tokenizer, _ material: ConversationMaterial,
        addGenerationPrompt: Bool
    ) throws(ChatTemplateError) -> String {
        let specials = tokenizer.vocabulary.specials
        func text(_ id: TokenID?) -> String {
            guard let id, let bytes = try? tokenizer.decode(CollectionOfOne(id)) else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }
        return try template.render(
            messages: messages, tools: material.tools, documents: material.documents,
            addGenerationPrompt: addGenerationPrompt, bos: text(specials.bos), eos: text(specials.eos))
    }

    /// What follows an answer in the template: a token, or else the text up to the end of its first line that is not blank.
    private static func end(
        _ template: ChatTemplate, _ tokenizer: Tokenizer, _ material: ConversationMaterial
    ) -> (token: TokenID?, text: String?) {
        // Contents that no template has.
        let (answer, question) = ("\u{1}answer\u{1}", "\u{1}question\u{1}")
        let messages = [("user", "\u{1}"), ("assistant", answer), ("user", question)]
        guard let text = try? render(template, messages, tokenizer, material, addGenerationPrompt: false),
            let start = text.firstRange(of: answer)?.upperBound,
            let end = text[start...].firstRange(of: question)?.lowerBound
        else { return (nil, nil) }
        let between = text[start..<end]
        let blank = between.prefix { $0.isWhitespace }
        var line = between[blank.endIndex...].prefix { !$0.isNewline }
        while line.last?.isWhitespace == true { line.removeLast() }
        guard !line.isEmpty else { return (nil, nil) }
        let tokens = tokenizer.encode(String(line), parseSpecial: true)
        if let first = tokens.first, tokenizer.vocabulary.kinds[Int(first)] == .control { return (first, nil) }
        return (nil, String(blank + line))
    }
}
