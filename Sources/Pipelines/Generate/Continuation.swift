import Runtime
import Tokenizers

/// Adds text to a prompt, token by token.
struct Continuation {
    private let tokenizer: Tokenizer
    private let options: GenerationOptions
    private let contextLength: Int
    private let ends: Set<TokenID>
    private var sampler: Sampler

    /// What was added.
    struct Result {
        /// The one that ended the text excepted.
        var tokens: [TokenID] = []
        /// What was given out, in UTF-8.
        var text: [UInt8] = []
        /// ln of each token's probability, unmodified by any option.
        var logProbabilities: [Double] = []
        var topLogProbabilities: [[TokenProbability]] = []
        var finish = GenerationFinish.length
        /// The string that ended the text.
        var stop: String?
        var pace = GenerationPace()
    }

    /// - Parameters:
    ///   - contextLength: the generator's capacity.
    ///   - furtherEnds: tokens that end the text beside those that the vocabulary names.
    init(
        _ tokenizer: Tokenizer, options: GenerationOptions, contextLength: Int, furtherEnds: [TokenID] = []
    ) {
        let specials = tokenizer.vocabulary.specials
        let ends = Set([specials.eos].compactMap { $0 } + specials.otherEnds + furtherEnds)
        var sampling = options.sampling
        if options.ignoresEnd { sampling.excluded.formUnion(ends) }
        self.tokenizer = tokenizer
        self.options = options
        self.contextLength = contextLength
        self.ends = options.ignoresEnd ? [] : ends
        sampler = Sampler(sampling)
    }

    /// - Parameters:
    ///   - prompt: shorter than the context.
    ///   - pieceLength: the most tokens of the prompt that are computed together.
    ///   - isInterrupted: asked before each piece of the prompt and each token.
    ///   - shortenedPrompt: called when the context is full, with the tokens added until then; gives a prompt that leaves
    ///     room after both, or nil if there is none.
    ///   - onText: receives the text as it comes, in whole characters; an error that it throws ends the text.
    mutating func run(
        _ generator: Generator, prompt: TokenSequence, pieceLength: Int = .max, isInterrupted: () -> Bool = { false },
        shortenedPrompt: (_ added: [TokenID]) throws -> TokenSequence? = { _ in nil }, onText: ([UInt8]) throws -> Void
    ) throws -> Result {
        var result = Result()
        var decoder = StreamingDecoder(tokenizer)
        var stops = StopStrings(options.stops)
        func give(_ text: [UInt8]) throws {
            guard !text.isEmpty else { return }
            result.text += text
            try onText(text)
        }
        let clock = ContinuousClock()
        let started = clock.now
        let known = generator.tokens
        var next = try generator.logits(
            after: prompt, pieceLength: pieceLength, isInterrupted: isInterrupted)
        result.pace.promptTime = clock.now - started
        result.pace.promptTokenCount = prompt.count - zip(known, prompt).prefix { $0 == $1 }.count
        let first = clock.now
        result.finish = try {
            while true {
                guard let logits = next, !isInterrupted() else { return .interrupted }
                let token = try sampler.next(logits: logits, history: generator.tokens)
                if ends.contains(token) { return .end }
                result.tokens.append(token)
                note(token, logits, in: &result)
                try give(stops.append(decoder.append(token)))
                if stops.found != nil { return .stop }
                if result.tokens.count == options.maximumTokenCount { return .length }
                if generator.tokens.count + 1 < contextLength {
                    next = try generator.feed([token])
                    result.pace.tokenCount += 1
                } else {
                    guard let shorter = try shortenedPrompt(result.tokens) else { return .context }
                    next = try generator.logits(
                        after: shorter + result.tokens, pieceLength: pieceLength, isInterrupted: isInterrupted)
                }
            }
        }()
        result.pace.tokenTime = clock.now - first
        if result.finish != .stop {
            try give(stops.append(decoder.finish()))
            try give(stops.finish())
        }
        result.stop = stops.found
        return result
    }

    private func note(_ token: TokenID, _ logits: [Float], in result: inout Result) {
        logits.withUnsafeBufferPointer { logits in
            result.logProbabilities.append(LogProbability.of(token, logits: logits))
            guard options.topCount > 0 else { return }
            result.topLogProbabilities.append(
                LogProbability.top(options.topCount, logits: logits).map {
                    TokenProbability(token: $0.token, logProbability: $0.value)
                })
        }
    }
}
