import ArgumentParser
import Evaluation
import Files
import Models
import Pipelines
import Tokenizers

struct Tokenize: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Turns text into token ids, or ids into text.",
        usage: "swage tokenize <model> [--text <text>] [<options>]",
        examples:
            "tokenize xverse.gguf --text \"Hello, world\"",
        "tokenize xverse.gguf --file prompt.txt --pieces --bos",
        "tokenize xverse.gguf --decode 1,2,3")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath

    @Option(help: "The text to encode.")
    var text: String?

    @Option(help: "A UTF-8 file to encode; - is standard input.")
    var file: InputPath?

    @Option(help: "Token ids to decode, divided by commas or spaces.")
    var decode: String?

    @Flag(help: "Begin with the token that begins a text, as a model reads it.")
    var bos = false

    @Flag(help: "Print each token on a line of its own, with the text that it stands for.")
    var pieces = false

    @Flag(help: "Read the text of special tokens as special tokens.")
    var parseSpecial = false

    @OptionGroup var splitting: PreTokenizerOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard [text, file?.path, decode].compactMap({ $0 }).count == 1 else {
            throw ValidationError("give one of --text, --file and --decode")
        }
        guard decode == nil || !bos else {
            throw ValidationError("--bos belongs to a text; write the id with the others")
        }
        _ = try decode.map(Self.ids)
    }

    func run() throws {
        let tokenizer = try Model.tokenizer(path: model.path, preTokenizer: splitting.preTokenizer)
        ProgressLine.say(tokenizer.notes)
        let ids = try decode.map(Self.ids) ?? encoded(by: tokenizer)
        let text = try decode.map { _ in try tokenizer.text(of: ids) }
        let pieces = try pieces ? ids.map { TokenPiece($0, try tokenizer.decode([$0])) } : nil
        if terminal.json { return try JSONOutput.print(TokenReport(ids: ids, text: text, pieces: pieces)) }
        if let pieces {
            for piece in pieces { try StandardStream.output.write(piece.line) }
        } else if let text {
            try StandardStream.output.write(modelText: Array("\(text)\n".utf8))
        } else {
            try StandardStream.output.write("\(ids.map(String.init).joined(separator: " "))\n")
        }
    }

    private func encoded(by tokenizer: Tokenizer) throws -> [TokenID] {
        let bytes =
            switch file?.path {
            case "-": try StandardInput.text()
            case let path?: try EvaluationText(contentsOf: path).bytes
            case nil: Array((text ?? "").utf8)
            }
        let ids = tokenizer.encode(bytes, parseSpecial: parseSpecial)
        guard bos else { return ids }
        guard let beginning = tokenizer.vocabulary.specials.bos else { throw NoBeginning(path: model.path) }
        return [beginning] + ids
    }

    private static func ids(in list: String) throws -> [TokenID] {
        try list.split { ", \n\t[]".contains($0) }.map {
            guard let id = TokenID($0) else { throw ValidationError("\($0) is not a token id") }
            return id
        }
    }
}

/// A token was asked for that a vocabulary lacks.
private struct NoBeginning: DiagnosticError {
    let path: String

    var diagnostic: Diagnostic {
        Diagnostic(
            .usage, file: path, "its vocabulary has no token that begins a text", advice: "leave out --bos")
    }
}
