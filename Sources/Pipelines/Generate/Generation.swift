import Models
import Runtime
import Tokenizers

/// Continues a prompt.
public struct Generation: Sendable {
    /// How tokens are chosen and when the text ends.
    public var options: GenerationOptions
    /// What the work is done with, and who is told of its progress.
    public var compute: Compute

    /// A way to continue prompts.
    ///
    /// - Parameters:
    ///   - options: How tokens are chosen and when the text ends.
    ///   - compute: What the work is done with, and who is told of its progress.
    public init(_ options: GenerationOptions, compute: Compute = Compute()) {
        self.options = options
        self.compute = compute
    }

    /// What a prompt was continued with.
    public struct Result: Sendable {
        /// The prompt's tokens, BOS included.
        public let prompt: [TokenID]
        /// The new tokens, those of a stop string included; the one that ended the text is not among them.
        public let tokens: [TokenID]
        /// The new tokens' text, up to the stop string.
        public let text: String
        /// The natural logarithm of each new token's probability by the model, whatever the options of sampling.
        public let logProbabilities: [Double]
        /// At each new token's place, the tokens that the model finds most probable; empty unless asked for.
        public let topLogProbabilities: [[TokenProbability]]
        /// Why the text ends.
        public let finish: GenerationFinish
        /// How fast it came.
        public let pace: GenerationPace
    }

    /// Continues a prompt until a token or a string ends it, or until there is no room left.
    ///
    /// - Parameters:
    ///   - model: The model that continues it.
    ///   - prompt: Text in UTF-8; the names of special tokens in it stand for those. An empty one is the beginning of a
    ///     text, if the model has a token for that.
    ///   - onText: Receives the text as it comes, in whole characters.
    /// - Throws: ``GenerationError`` if the prompt does not leave room in the context.
    public func run(_ model: Model, prompt: [UInt8], onText: ([UInt8]) throws -> Void) throws -> Result {
        let limit = try model.contextLength(options.contextLength)
        let tokens = model.tokenizer.promptTokens(prompt)
        guard tokens.count < limit else {
            throw GenerationError(
                .promptTooLong(tokenCount: tokens.count, context: limit, limit: model.plan.contextLength),
                file: model.path)
        }
        let capacity = tokens.count + min(options.maximumTokenCount ?? .max, limit - tokens.count)
        let generator = try Generator(pass: model.forwardPass(compute), capacity: capacity)
        var continuation = Continuation(model.tokenizer, options: options, contextLength: limit)
        let added = try continuation.run(generator, prompt: tokens, onText: onText)
        return Result(
            prompt: tokens, tokens: added.tokens, text: try Self.text(of: added, model.tokenizer),
            logProbabilities: added.logProbabilities, topLogProbabilities: added.topLogProbabilities,
            finish: added.finish, pace: added.pace)
    }

    /// As HuggingFace decodes the tokens, which can differ from what was given out by a leading space.
    private static func text(of added: Continuation.Result, _ tokenizer: Tokenizer) throws -> String {
        let text = try tokenizer.text(of: added.tokens)
        guard let stop = added.stop else { return text }
        let (bytes, stopBytes) = (Array(text.utf8), Array(stop.utf8))
        let start = bytes.indices.first { bytes[$0...].starts(with: stopBytes) }
        // The leading space can have been a part of the stop string.
        return String(decoding: start.map { bytes[..<$0] } ?? added.text[...], as: UTF8.self)
    }
}

extension Model {
    /// The context that was asked for, or the model's.
    func contextLength(_ asked: Int?) throws -> Int {
        guard let asked else { return plan.contextLength }
        guard (2...max(2, plan.contextLength)).contains(asked) else {
            throw GenerationError(.contextOutOfRange(asked, limit: plan.contextLength), file: path)
        }
        return asked
    }
}

extension Tokenizer {
    /// The tokens of a whole text that the model is to continue.
    ///
    /// - Parameter text: if it says the beginning of text itself, no other one is added.
    func promptTokens(_ text: [UInt8]) -> [TokenID] {
        let tokens = encode(text, parseSpecial: true)
        guard let bos = vocabulary.specials.bos, vocabulary.addsBOS || tokens.isEmpty, tokens.first != bos else {
            return tokens
        }
        return [bos] + tokens
    }
}
