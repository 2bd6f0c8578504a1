import Files
import Models
import Runtime
import Tokenizers

/// Turns of a user and a model over one key-value cache.
///
/// When the context is full the oldest turns are left out, whole ones, and what follows them is computed anew.
public final class Conversation {
    /// What is told to the model before everything else.
    public var system: String?
    private var turns: [(question: String, answer: String)] = []
    private let model: Model
    private let format: ConversationFormat
    private let generator: Generator
    private let contextLength: Int
    /// The room that an answer finds when it begins, if leaving out turns can make it.
    private let answerLength: Int
    private var continuation: Continuation

    /// Tokens between two looks at whether an answer was interrupted, while its prompt is computed.
    private static let pieceLength = 512

    /// The context of conversations where none is asked for and the model's is not smaller.
    public static let usualContextLength = 4096

    /// What has been answered to a turn.
    public struct Answer: Sendable {
        /// The tokens of the answer, less the one that ended it.
        public let tokenCount: Int
        /// Why the answer ends.
        public let finish: GenerationFinish
        /// How fast it came.
        public let pace: GenerationPace
    }

    /// A conversation without turns.
    ///
    /// - Parameters:
    ///   - model: The model that answers.
    ///   - format: What turns look like to the model.
    ///   - system: What is told to the model before everything else; nil for nothing.
    ///   - options: How tokens are chosen and when an answer ends.
    ///   - compute: What the work is done with, and who is told of its progress.
    /// - Throws: ``GenerationError`` if the context is larger than the model's; an error if the format refuses the system
    ///   message.
    public init(
        _ model: Model, format: ConversationFormat, system: String?, options: GenerationOptions,
        compute: Compute = Compute()
    ) throws {
        self.model = model
        self.format = format
        self.system = system
        contextLength =
            try options.contextLength.map { try model.contextLength($0) }
            ?? min(Self.usualContextLength, model.plan.contextLength)
        answerLength = min(options.maximumTokenCount ?? .max, contextLength / 4)
        var options = options
        options.stops += [format.endText].compactMap { $0 }
        continuation = Continuation(
            model.tokenizer, options: options, contextLength: contextLength,
            furtherEnds: [format.endToken].compactMap { $0 })
        generator = try Generator(pass: model.forwardPass(compute), capacity: contextLength)
        _ = try prompt("", after: [])
    }

    /// Forgets all turns; the system message stays.
    public func reset() { turns = [] }

    /// Answers a question; tokens that begin as in the turn before are not computed again.
    ///
    /// - Parameters:
    ///   - question: The user's turn.
    ///   - isInterrupted: Asked before each token; what has been said by then stays in the conversation.
    ///   - onNotice: Learns of turns that are left out.
    ///   - onText: Receives the answer as it comes, in whole characters.
    /// - Returns: how long the answer is, and why it ends.
    /// - Throws: ``GenerationError`` if the turn alone is too long. The conversation can go on after any error.
    public func answer(
        _ question: String, isInterrupted: () -> Bool, onNotice: (Message) -> Void, onText: ([UInt8]) throws -> Void
    ) throws -> Answer {
        var kept = turns[...]
        var tokens = try prompt(question, after: kept)
        func leaveOutTurns(until fits: (_ tokenCount: Int) -> Bool) throws {
            let count = kept.count
            while !kept.isEmpty, !fits(tokens.count) {
                kept.removeFirst()
                tokens = try prompt(question, after: kept)
            }
            let dropped = count - kept.count
            if dropped > 0, tokens.count < contextLength {
                onNotice(
                    "the context of \(contextLength) tokens is full: the oldest "
                        + (dropped == 1 ? "turn is" : "\(dropped) turns are") + " left out")
            }
        }
        try leaveOutTurns { $0 + answerLength <= contextLength }
        guard tokens.count < contextLength else {
            throw GenerationError(
                .turnTooLong(tokenCount: tokens.count, context: contextLength, limit: model.plan.contextLength),
                file: model.path)
        }
        let added = try continuation.run(
            generator, prompt: tokens, pieceLength: Self.pieceLength, isInterrupted: isInterrupted,
            shortenedPrompt: { added in
                let count = kept.count
                try leaveOutTurns { $0 + added.count + answerLength <= contextLength }
                return kept.count < count && tokens.count + added.count < contextLength ? tokens : nil
            },
            onText: onText)
        turns = Array(kept)
        // A turn that was interrupted before its answer began is as if it had not been.
        if added.finish != .interrupted || !added.text.isEmpty {
            turns.append((question, String(decoding: added.text, as: UTF8.self)))
        }
        return Answer(tokenCount: added.tokens.count, finish: added.finish, pace: added.pace)
    }

    private func prompt(
        _ question: String, after turns: ArraySlice<(question: String, answer: String)>
    ) throws -> [TokenID] {
        var messages: [ConversationFormat.Message] = []
        if let system { messages.append(("system", system)) }
        for turn in turns { messages += [("user", turn.question), ("assistant", turn.answer)] }
        return try format.prompt(messages + [("user", question)])
    }
}
