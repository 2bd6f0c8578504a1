import Models
import Pipelines
import Testing

@Suite struct ConversationTests {
    private let model: Model

    init() throws { model = try Model.open(ReferenceModel.apusXDAN.path) }

    private func conversation(
        context: Int? = nil, count: Int = 24, system: String? = nil
    ) throws -> Conversation {
        var options = GenerationOptions()
        options.maximumTokenCount = count
        options.contextLength = context
        return try Conversation(
            model, format: ConversationFormat(model, source: nil), system: system, options: options)
    }

    private func ask(
        _ conversation: Conversation, _ question: String, isInterrupted: () -> Bool = { false }
    ) throws -> (answer: String, notices: [String], finish: GenerationFinish) {
        var (answer, notices): ([UInt8], [String]) = ([], [])
        let given = try conversation.answer(
            question, isInterrupted: isInterrupted, onNotice: { notices.append($0.description) },
            onText: { answer += $0 })
        return (String(decoding: answer, as: UTF8.self), notices, given.finish)
    }

    /// What the model says after a prompt that is computed as a whole.
    private func continuation(of prompt: String, count: Int = 24) throws -> String {
        var options = GenerationOptions()
        options.maximumTokenCount = count
        options.stops = ["<|im_end|>"]
        var text: [UInt8] = []
        _ = try Generation(options).run(model, prompt: Array(prompt.utf8)) { text += $0 }
        return String(decoding: text, as: UTF8.self)
    }

    private func turn(_ role: String, _ text: String) -> String { "<|im_start|>\(role)\n\(text)<|im_end|>\n" }

    private let opening = "<|im_start|>assistant\n"

    /// What is kept in the cache between turns changes nothing.
    @Test func turnsAreThoseOfTheWholeText() throws {
        let conversation = try conversation(system: "Be brief.")
        var text = turn("system", "Be brief.")
        for question in ["Hello", "What is 6 times 7?", "从前，青石镇住着一个木匠"] {
            text += turn("user", question) + opening
            let answer = try ask(conversation, question)
            #expect(try answer.answer == continuation(of: text))
            #expect(answer.notices.isEmpty && answer.finish == .length)
            text += answer.answer + "<|im_end|>\n"
        }
        conversation.reset()
        conversation.system = nil
        let fresh = turn("user", "Hello") + opening
        #expect(try ask(conversation, "Hello").answer == continuation(of: fresh))
    }

    @Test func theOldestTurnsLeaveAFullContext() throws {
        let conversation = try conversation(context: 160, count: 16, system: "Be brief.")
        let first = try ask(conversation, "Hello")
        let second = try ask(conversation, "Who are you?")
        #expect(first.notices.isEmpty && second.notices.isEmpty)
        let third = try ask(conversation, "What is 6 times 7?")
        #expect(third.notices == ["the context of 160 tokens is full: the oldest turn is left out"])
        let system = turn("system", "Be brief.")
        let rest = turn("user", "Who are you?") + turn("assistant", second.answer)
        #expect(
            try third.answer
                == continuation(of: system + rest + turn("user", "What is 6 times 7?") + opening, count: 16))
    }

    /// An answer that reaches the end of the context goes on after the oldest turns have left it.
    @Test func theOldestTurnsLeaveDuringAnAnswer() throws {
        let conversation = try conversation(context: 256, count: 1000)
        var count = 0
        let first = try ask(conversation, "Hello") {
            count += 1
            return count > 8
        }
        let second = try ask(conversation, "Go on")
        #expect(second.notices == ["the context of 256 tokens is full: the oldest turn is left out"])
        #expect(second.finish == .context)
        // Until then it is the answer of the whole text.
        var options = GenerationOptions()
        options.contextLength = 256
        var whole: [UInt8] = []
        let text = turn("user", "Hello") + turn("assistant", first.answer) + turn("user", "Go on") + opening
        let result = try Generation(options).run(model, prompt: Array(text.utf8)) { whole += $0 }
        #expect(result.finish == .context)
        let answer = Array(second.answer.utf8)
        #expect(answer.starts(with: whole) && answer.count > whole.count + 20)
    }

    @Test func anAnswerAloneEndsWithTheContext() throws {
        let answer = try ask(conversation(context: 160, count: 1000), "Hello")
        #expect(answer.finish == .context && answer.notices.isEmpty)
    }

    @Test func aTurnThatIsTooLongChangesNothing() throws {
        let conversation = try conversation(context: 128, count: 16)
        let first = try ask(conversation, "Hello")
        let error = #expect(throws: GenerationError.self) {
            try ask(conversation, String(repeating: "word ", count: 200))
        }
        guard case .turnTooLong(let count, context: 128, limit: 8192) = error?.kind else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(count > 200)
        let text = turn("user", "Hello") + turn("assistant", first.answer) + turn("user", "Go on") + opening
        #expect(try ask(conversation, "Go on").answer == continuation(of: text, count: 16))
    }

    @Test func interruptedAnswers() throws {
        let conversation = try conversation(count: 100)
        var count = 0
        let partial = try ask(conversation, "Hello") {
            count += 1
            return count > 8
        }
        #expect(partial.finish == .interrupted && !partial.answer.isEmpty)
        // One that had not begun is forgotten.
        #expect(try ask(conversation, "What is this?") { true }.answer.isEmpty)
        let text = turn("user", "Hello") + turn("assistant", partial.answer) + turn("user", "Go on") + opening
        #expect(try ask(conversation, "Go on").answer == continuation(of: text, count: 100))
    }
}
