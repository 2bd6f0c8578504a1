import ArgumentParser
import Evaluation
import Models
import Pipelines
import Tokenizers

struct Tokenize: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Turns text into token ids, or ids into text.",
        usage: "swage tokenize <model> [--text <text>] [<options>]",
        examples:
            "tokenize xverse.gguf --text \"Hello, world\"",
        "tokenize xverse.gguf --decode 1,2,3")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath

    @Option(help: "The text to encode.")
    var text: String?

    @Option(help: "A UTF-8 file to encode.")
    var file: InputPath?

    @Option(help: "Token ids to decode, divided by commas or spaces.")
    var decode: String?

    @Flag(help: "Read the text of special tokens as special tokens.")
    var parseSpecial = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var splitting: PreTokenizerOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard [text, file?.path, decode].compactMap({ $0 }).count == 1 else {
            throw ValidationError("give one of --text, --file and --decode")
        }
        _ = try decode.map(Self.ids)
    }

    func run() throws {
        let tokenizer = try Model.tokenizer(path: model.path, preTokenizer: splitting.preTokenizer)
        ProgressLine.say(tokenizer.notes)
        if let decode {
            let ids = try Self.ids(in: decode)
            let text = try tokenizer.text(of: ids)
            if json { return try JSONOutput.print(["text": text]) }
            return try StandardStream.output.write(modelText: Array("\(text)\n".utf8))
        }
        let bytes = try file.map { try EvaluationText(contentsOf: $0.path).bytes } ?? Array((text ?? "").utf8)
        let ids = tokenizer.encode(bytes, parseSpecial: parseSpecial)
        if json { return try JSONOutput.print(["ids": ids]) }
        try StandardStream.output.write("\(ids.map(String.init).joined(separator: " "))\n")
    }

    private static func ids(in list: String) throws -> [TokenID] {
        try list.split { ", \n\t[]".contains($0) }.map {
            guard let id = TokenID($0) else { throw ValidationError("\($0) is not a token id") }
            return id
        }
    }
}
