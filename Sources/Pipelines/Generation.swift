import Runtime
import TensorCore
import Tokenization

/// Continues a prompt greedily.
public struct Generation: Sendable {
    /// The most tokens to add.
    public var maximumTokenCount: Int
    public var parallel: Parallel

    public init(maximumTokenCount: Int, parallel: Parallel) {
        self.maximumTokenCount = maximumTokenCount
        self.parallel = parallel
    }

    public struct Result: Sendable {
        /// The prompt's tokens, BOS included.
        public let prompt: [TokenID]
        /// The new tokens.
        public let tokens: [TokenID]
        /// The new tokens' text.
        public let text: String
    }

    /// - Parameter onText: receives the text as it comes, in whole characters.
    public func run(_ model: Model, prompt: String, onText: ([UInt8]) -> Void) throws -> Result {
        let tokenizer = model.tokenizer
        let vocabulary = tokenizer.vocabulary
        var tokens = tokenizer.encode(Array(prompt.utf8), parseSpecial: true)
        if vocabulary.addsBOS, let bos = vocabulary.specials.bos { tokens.insert(bos, at: 0) }
        let limit = model.plan.contextLength
        guard tokens.count <= limit, maximumTokenCount <= limit - tokens.count else {
            throw PipelineError(
                .generationTooLong(
                    promptTokenCount: tokens.count, maximumTokenCount: maximumTokenCount, limit: limit),
                file: model.path)
        }
        let ends = Set([vocabulary.specials.eos].compactMap { $0 } + vocabulary.specials.otherEnds)
        var stream = StreamingDecoder(tokenizer)
        let generator = try Generator(
            pass: model.forwardPass(parallel), capacity: tokens.count + maximumTokenCount)
        let added = try generator.continueGreedily(
            tokens, maximumCount: maximumTokenCount, isEnd: { ends.contains($0) }
        ) {
            onText(try stream.append($0))
        }
        onText(stream.finish())
        return Result(prompt: tokens, tokens: added, text: try tokenizer.text(of: added))
    }
}
