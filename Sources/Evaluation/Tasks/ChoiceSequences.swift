import Runtime
import Tokenizers

/// The tokens of all candidates of some tasks, as a model sees them.
///
/// The tokens of a context and its continuation are made together; those behind as many as the context alone has are the
/// continuation's. White space at the context's end belongs to the continuation, since most tokens begin with their space.
/// A continuation's last token need not be seen, so that choices of one token share their context's sequence.
struct ChoiceSequences {
    /// Each sequence of tokens once. Behind it there is one more that is scored.
    private(set) var windows: [EvaluationWindow] = []
    /// The candidates of each question of each task.
    private(set) var candidates: [[[Candidate]]] = []

    struct Candidate {
        /// The number of its window.
        let window: Int
        /// The continuation's.
        let tokens: TokenSequence
        /// Tokens of the context that there was no room for.
        let cutCount: Int
    }

    /// - Parameter contextLength: the most tokens that the model sees.
    init(_ tasks: [EvaluationTask], tokenizer: Tokenizer, contextLength: Int) throws {
        var inputs: [TokenSequence] = []
        var scoredCounts: [Int] = []
        var known: [TokenSequence: Int] = [:]
        for task in tasks {
            candidates.append([])
            for question in task.questions {
                var list: [Candidate] = []
                for (number, candidate) in question.candidates.enumerated() {
                    do throws(TaskProblem) {
                        let (input, tokens, cutCount) = try Self.tokens(
                            of: candidate, number: number, tokenizer, contextLength: contextLength)
                        let window = known[input] ?? inputs.count
                        if window == inputs.count {
                            known[input] = window
                            inputs.append(input)
                            scoredCounts.append(0)
                        }
                        scoredCounts[window] = max(scoredCounts[window], tokens.count)
                        list.append(Candidate(window: window, tokens: tokens, cutCount: cutCount))
                    } catch {
                        throw EvaluationError(.invalidTask(error, line: question.line), file: task.path)
                    }
                }
                candidates[candidates.count - 1].append(list)
            }
        }
        windows = zip(inputs, scoredCounts).enumerated().map { number, window in
            let end = window.0.count + 1
            return EvaluationWindow(number: number, tokens: window.0, scored: end - window.1..<end)
        }
    }

    private static func tokens(
        of candidate: ChoiceCandidate, number: Int, _ tokenizer: Tokenizer, contextLength: Int
    ) throws(TaskProblem) -> (input: TokenSequence, continuation: TokenSequence, cutCount: Int) {
        let (context, space) = candidate.context.splitAtTrailingSpace
        var prefix: [TokenID] = []
        if let bos = tokenizer.vocabulary.specials.bos, tokenizer.vocabulary.addsBOS { prefix = [bos] }
        let whole = tokenizer.encode(context + space + candidate.continuation, parseSpecial: true)
        let before = context.isEmpty ? [] : tokenizer.encode(context, parseSpecial: true)
        // A text that says its beginning itself gets no other.
        if prefix.first == whole.first { prefix = [] }
        if prefix.isEmpty, before.isEmpty {
            guard let start = tokenizer.vocabulary.specials.bos ?? tokenizer.vocabulary.specials.eos else {
                throw .emptyPrompt
            }
            prefix = [start]
        }
        let continuation = TokenSequence(whole.dropFirst(before.count))
        guard !continuation.isEmpty else { throw .noTokens(choice: number) }
        guard continuation.count <= contextLength else {
            throw .tooManyTokens(choice: number, count: continuation.count, limit: contextLength)
        }
        let input = (prefix + whole).dropLast()
        return (TokenSequence(input.suffix(contextLength)), continuation, max(0, input.count - contextLength))
    }
}
