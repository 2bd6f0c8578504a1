import Files

/// The form in which the lines of a task file ask their questions. Prompts are those of EleutherAI's
/// lm-evaluation-harness.
public enum TaskForm: String, Sendable, Hashable, CaseIterable, Codable {
    /// `prompt`, `choices`, `answer`: a choice follows the prompt just as both are written.
    case choices
    /// `prompts`, `continuation`, `answer`: the same text after different prompts.
    case prompts
    /// `question`, `choices`, `answer`, perhaps `subject`: the choices are in the prompt, and their letters are scored.
    case mmlu = "MMLU"
    /// `ctx_a`, `ctx_b`, `activity_label` (or `ctx`), `endings`, `label`.
    case hellaSwag = "HellaSwag"
    /// `sentence` with a `_`, `option1`, `option2`, `answer`: what follows the `_` is scored with either option before it.
    case winoGrande = "WinoGrande"

    /// The keys that tell the form, each with what may stand for it.
    private var keys: [[ByteString]] {
        switch self {
        case .choices: [["prompt"], ["choices"]]
        case .prompts: [["prompts"], ["continuation"]]
        case .mmlu: [["question"], ["choices"]]
        case .hellaSwag: [["ctx", "ctx_a"], ["endings"]]
        case .winoGrande: [["sentence"], ["option1"], ["option2"]]
        }
    }

    /// All forms with the keys that tell them, for messages.
    static var list: String {
        allCases.map { form in
            "\(form.rawValue) (\(form.keys.map { $0.map(\.description).joined(separator: " or ") }.joined(separator: ", ")))"
        }.joined(separator: "; ")
    }

    /// The only form whose keys are all there.
    init(of fields: TaskFields) throws(TaskProblem) {
        let forms = Self.allCases.filter { $0.keys.allSatisfy { $0.contains(where: fields.has) } }
        guard let form = forms.first else { throw .unknownForm(keys: fields.keys) }
        guard forms.count == 1 else { throw .severalForms(forms) }
        self = form
    }

    func question(_ fields: TaskFields, line: Int) throws(TaskProblem) -> ChoiceQuestion {
        let (candidates, answer) =
            switch self {
            case .choices: try Self.choices(fields)
            case .prompts: try Self.prompts(fields)
            case .mmlu: try Self.mmlu(fields)
            case .hellaSwag: try Self.hellaSwag(fields)
            case .winoGrande: try Self.winoGrande(fields)
            }
        if let empty = candidates.firstIndex(where: { $0.byteCount == 0 }) { throw .emptyChoice(empty) }
        return ChoiceQuestion(line: line, candidates: candidates, answer: answer)
    }

    private typealias Content = (candidates: [ChoiceCandidate], answer: Int)

    private static func choices(_ fields: TaskFields) throws(TaskProblem) -> Content {
        let prompt = try fields.text("prompt")
        let choices = try fields.texts("choices")
        return (
            choices.map { ChoiceCandidate(context: prompt, choice: $0) }, try fields.place("answer", in: choices)
        )
    }

    private static func prompts(_ fields: TaskFields) throws(TaskProblem) -> Content {
        let prompts = try fields.texts("prompts")
        let continuation = try fields.text("continuation")
        return (
            prompts.map { ChoiceCandidate(context: $0, choice: continuation) },
            try fields.place("answer", in: prompts)
        )
    }

    private static func mmlu(_ fields: TaskFields) throws(TaskProblem) -> Content {
        let choices = try fields.texts("choices")
        guard choices.count <= TaskFields.letterCount else {
            throw .tooManyChoices(choices.count, limit: TaskFields.letterCount)
        }
        let letters = choices.indices.map(TaskFields.letter)
        var prompt = ""
        if fields.has("subject") {
            let subject = try fields.text("subject").replacingBytes(of: "_", with: " ")
            prompt = "The following are multiple choice questions (with answers) about \(subject).\n\n"
        }
        prompt += try fields.text("question").stripped + "\n"
        for (letter, choice) in zip(letters, choices) { prompt += "\(letter). \(choice)\n" }
        prompt += "Answer:"
        return (
            letters.map { ChoiceCandidate(context: prompt, delimiter: " ", choice: $0) },
            try fields.place("answer", in: letters)
        )
    }

    private static func hellaSwag(_ fields: TaskFields) throws(TaskProblem) -> Content {
        var context: String
        if fields.has("ctx_a") {
            context = try fields.text("ctx_a") + " " + (fields.has("ctx_b") ? fields.text("ctx_b").sentenceCased : "")
        } else {
            context = try fields.text("ctx")
        }
        if fields.has("activity_label") { context = try fields.text("activity_label") + ": " + context }
        context = context.withoutWikiHowMarks
        let endings = try fields.texts("endings")
        return (
            endings.map { ChoiceCandidate(context: context, delimiter: " ", choice: $0.withoutWikiHowMarks) },
            try fields.number("label", from: 0, count: endings.count)
        )
    }

    private static func winoGrande(_ fields: TaskFields) throws(TaskProblem) -> Content {
        let sentence = try fields.text("sentence")
        let options = [try fields.text("option1"), try fields.text("option2")]
        return (
            try winoGrande(sentence: sentence, options: options), try fields.number("answer", from: 1, count: 2)
        )
    }

    /// What follows the blank, behind either option in its place.
    static func winoGrande(sentence: String, options: [String]) throws(TaskProblem) -> [ChoiceCandidate] {
        let scalars = sentence.unicodeScalars
        guard let blank = scalars.firstIndex(of: "_") else { throw .noBlank }
        let before = String(scalars[..<blank])
        let after = String(scalars[scalars.index(after: blank)...]).stripped
        return options.map { ChoiceCandidate(context: before + $0, delimiter: " ", choice: after) }
    }
}
