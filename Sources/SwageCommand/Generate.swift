import ArgumentParser
import Pipelines
import Runtime
import Tokenization

struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continues a prompt, always with the most probable token.")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: String

    @Option(help: "The text to continue.")
    var prompt: String

    @Option(help: "The most tokens to add.")
    var maxNewTokens = 64

    @Flag(help: "Print one JSON object with token ids and text.")
    var json = false

    @OptionGroup var padding: PaddingOptions
    @OptionGroup var splitting: PreTokenizerOptions
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        guard maxNewTokens >= 1 else { throw ValidationError("--max-new-tokens must be at least 1") }
    }

    func run() throws {
        let model = try Model(path: model, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
        let generation = Generation(maximumTokenCount: maxNewTokens, parallel: compute.parallel)
        let isStreaming = !json
        let result = try generation.run(model, prompt: prompt) { bytes in
            if isStreaming { StandardStream.output.write(bytes) }
        }
        if json { return try JSONOutput.print(result) }
        StandardStream.output.write("\n")
    }
}

extension Generation.Result: Encodable {
    enum CodingKeys: String, CodingKey {
        case prompt, tokens, text
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(prompt, forKey: .prompt)
        try container.encode(tokens, forKey: .tokens)
        try container.encode(text, forKey: .text)
    }
}
