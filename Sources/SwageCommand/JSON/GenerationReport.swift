import Pipelines
import Tokenizers

/// What `generate --json` prints.
struct GenerationReport: Encodable {
    let prompt: [TokenID]
    let tokens: [TokenID]
    let text: String
    let logProbabilities: [Double]
    let topLogProbabilities: [[TokenProbability]]?
    let finish: GenerationFinish
    /// No two runs agree on it, so it is there only where it is asked for.
    let pace: PaceReport?
    /// The seed, where chance had a part.
    let seed: UInt64?

    init(_ result: Generation.Result, _ options: GenerationOptions, tellsPace: Bool) {
        prompt = result.prompt
        tokens = result.tokens
        text = result.text
        logProbabilities = result.logProbabilities
        topLogProbabilities = options.topCount > 0 ? result.topLogProbabilities : nil
        finish = result.finish
        pace = tellsPace ? PaceReport(result.pace) : nil
        seed = options.sampling.temperature > 0 ? options.sampling.seed : nil
    }
}

/// What `chat --json` prints of every answer.
struct AnswerReport: Encodable {
    let turn: String
    let text: String
    let tokens: Int
    let finish: GenerationFinish
    let pace: PaceReport

    /// - Parameters:
    ///   - turn: What the user has said.
    ///   - text: The answer in UTF-8.
    init(_ turn: String, _ text: [UInt8], _ answer: Conversation.Answer) {
        self.turn = turn
        self.text = String(decoding: text, as: UTF8.self)
        tokens = answer.tokenCount
        finish = answer.finish
        pace = PaceReport(answer.pace)
    }
}

/// How fast a text came.
struct PaceReport: Encodable {
    let promptTokens: Int
    let promptSeconds: Double
    /// Those that were read one by one.
    let tokens: Int
    let seconds: Double

    init(_ pace: GenerationPace) {
        promptTokens = pace.promptTokenCount
        promptSeconds = pace.promptTime / .seconds(1)
        tokens = pace.tokenCount
        seconds = pace.tokenTime / .seconds(1)
    }
}
