import ChatTemplates
import Files
import GGUF
import Models

/// A conversation format that is asked for by name or by file.
public enum ChatTemplateChoice: Sendable, Equatable {
    /// A format of a known name.
    case named(ChatTemplate.Named)
    /// A file with a Jinja template.
    case file(String)

    /// The choice that a text stands for: a known name, or else the path of a file.
    ///
    /// - Parameter text: A name or a path.
    public init(_ text: String) { self = ChatTemplate.Named(rawValue: text).map { .named($0) } ?? .file(text) }

    /// The names that are known, for help.
    public static let names = ChatTemplate.Named.allCases.map(\.rawValue).joined(separator: ", ")

    /// The template's text.
    ///
    /// - Parameter otherName: what may be asked for besides a name or a file.
    /// - Throws: an error that names the file if it cannot be read or is no template, and lists the known names if there
    ///   is no such file.
    func source(orElse otherName: String) throws -> String {
        switch self {
        case .named(let named): return named.source
        case .file(let file):
            let bytes: [UInt8]
            do {
                bytes = try ReadableFile.contents(of: file, limit: .chatTemplate)
            } catch let error as FileError where error.isNotFound && !file.contains("/") {
                throw ConversationFormatError(
                    .unknownTemplate(known: ChatTemplate.Named.allCases.map(\.rawValue) + [otherName]), file: file)
            }
            guard let text = ByteString(bytes).string else {
                throw FileError(.notUTF8(offset: ByteString(bytes).validPrefixLength), path: file)
            }
            do {
                _ = try ChatTemplate(source: text)
            } catch {
                throw ErrorInFile(path: file, underlying: error)
            }
            return text
        }
    }
}

extension Conversion {
    /// What a converted file says of conversations.
    public enum TemplateChoice: Sendable, Equatable {
        /// The file has no chat template.
        case nothing
        /// The file has this chat template.
        case given(ChatTemplateChoice)

        /// The choice that a text stands for: `none`, a known name, or else the path of a file.
        ///
        /// - Parameter text: A name or a path.
        public init(_ text: String) { self = text == noTemplate ? .nothing : .given(ChatTemplateChoice(text)) }
    }

    private static let noTemplate = "none"

    /// Sets the conversation format: the one that is asked for, or the family's if a chat model of XVERSE has none.
    func setTemplate(
        in metadata: inout GGUFMetadata, _ model: Model, progress: ProgressHandler
    ) throws {
        let key: ByteString = "tokenizer.chat_template"
        switch chatTemplate {
        case .given(let choice): metadata[key] = .string(ByteString(try choice.source(orElse: Self.noTemplate)))
        case .nothing: metadata[key] = nil
        case nil:
            guard metadata[key] == nil, model.checkpoint != nil, let named = Self.familyTemplate(model) else { return }
            metadata[key] = .string(ByteString(named.source))
            progress(
                .warning(
                    "the checkpoint has no chat template; the file gets the format \"\(named.rawValue)\", "
                        + "\(.chatTemplate, Self.noTemplate) leaves it out"))
        }
    }

    /// The format of XVERSE's chat models; nil for other models.
    private static func familyTemplate(_ model: Model) -> ChatTemplate.Named? {
        let words = model.name.lowercased().split { !$0.isLetter && !$0.isNumber }
        guard words.contains("chat") || words.contains("instruct") else { return nil }
        guard words.contains("xverse") || model.plan.architecture == .xverse else { return nil }
        return model.plan.experts == nil ? .xverse : .xverseMoE
    }
}
