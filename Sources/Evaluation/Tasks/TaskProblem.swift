import Files

/// What is wrong with a file of questions, or with one of its lines.
public enum TaskProblem: Error, Sendable, Equatable {
    /// The file holds no question.
    case noQuestions
    /// A line is no JSON object, and why.
    case notJSON(String)
    /// The keys of a line are those of no form.
    case unknownForm(keys: [String])
    /// The keys of a line are those of several forms.
    case severalForms([TaskForm])
    /// A line is of another form than the first one; all lines of a file have the same.
    case otherForm(TaskForm, first: TaskForm)
    /// A line has no member with this key.
    case missing(key: String)
    /// The member of this key holds something else than its form expects.
    case wrongValue(key: String, expected: String)
    /// A question has fewer than two choices.
    case tooFewChoices(key: String, count: Int)
    /// A question has more choices than there are letters for.
    case tooManyChoices(Int, limit: Int)
    /// The choice at this place, from 0, is empty.
    case emptyChoice(Int)
    /// The answer names none of the choices.
    case invalidAnswer(key: String, found: String, expected: String)
    /// The answer is a letter that is also the text of a choice at another place; both places are from 0.
    case ambiguousAnswer(String, place: Int, text: Int)
    /// The sentence of a WinoGrande question has no `_`.
    case noBlank
    /// A question of llama-perplexity's HellaSwag form has fewer than its six lines.
    case incompleteRecord(lineCount: Int)
    /// A line of comma-separated fields has another number of them than it must have.
    case fieldCount(Int, expected: Int)
    /// A quotation mark of a comma-separated line is never closed.
    case openQuote
    /// A binary file is not what it has to be from this byte on, and why.
    case damaged(byte: Int, String)
    /// The prompt is empty, and the model has no token for the beginning of a text.
    case emptyPrompt
    /// The prompt's last token takes in all of the choice at this place, from 0.
    case noTokens(choice: Int)
    /// The choice at this place, from 0, has more tokens than the model can see.
    case tooManyTokens(choice: Int, count: Int, limit: Int)

    func diagnostic(file: String?, line: Int?) -> Diagnostic {
        let (problem, advice) = words
        return Diagnostic(.input, file: file, place: line.map { "line \($0)" }, problem, advice: advice)
    }

    private var words: (problem: String, advice: Message) {
        switch self {
        case .noQuestions:
            (
                "there are no questions in it",
                "give a file with a JSON object in each line, or one of llama-perplexity's"
            )
        case .notJSON(let problem): (problem, "give one JSON object per line")
        case .unknownForm(let keys):
            (
                "the keys \(keys.map(\.debugDescription).joined(separator: ", ")) are those of no known form",
                "known forms: \(TaskForm.list)"
            )
        case .severalForms(let forms):
            (
                "the keys fit several forms: \(forms.map(\.rawValue).joined(separator: ", "))",
                "leave out those that are not meant"
            )
        case .otherForm(let form, let first):
            (
                "the line has the form \(form.rawValue), the ones before it \(first.rawValue)",
                "put questions of different forms in files of their own"
            )
        case .missing(let key): ("\"\(key)\" is missing", "every question needs it")
        case .wrongValue(let key, let expected): ("\"\(key)\" is not \(expected)", "correct the line")
        case .tooFewChoices(let key, let count): ("\"\(key)\" has \(count) of at least 2 texts", "correct the line")
        case .tooManyChoices(let count, let limit):
            ("\(count) choices have no letters, only \(limit) do", "leave some out")
        case .emptyChoice(let choice): ("choice \(choice) (from 0) is empty", "correct the line, or leave it out")
        case .invalidAnswer(let key, let found, let expected):
            ("\"\(key)\" is \(found), not \(expected)", "take a file that has the answers")
        case .ambiguousAnswer(let letter, let place, let text):
            (
                "the answer \(letter) is the letter of choice \(place) and the text of choice \(text) (from 0)",
                "give the answer as a number from 0"
            )
        case .noBlank: ("\"sentence\" has no _", "mark with it where the options go")
        case .incompleteRecord(let count):
            (
                "the question has \(count) of 6 lines: context, number of the right ending, four endings",
                "the file is incomplete, or has a line too many; take a complete one"
            )
        case .fieldCount(let count, let expected):
            (
                "the line has \(count) fields, \(expected) expected: number, sentence, two options, 1 or 2",
                "put fields with commas into quotation marks"
            )
        case .openQuote: ("a quotation mark is not closed", "close it; in quotation marks write \"\" for \"")
        case .damaged(let byte, let problem):
            ("byte \(byte): \(problem)", "the file is damaged or incomplete; download it again")
        case .emptyPrompt:
            ("the prompt is empty, and the model has no token that begins a text", "give a prompt")
        case .noTokens(let choice):
            (
                "choice \(choice) (from 0) makes no token of its own: the prompt's last one takes it in",
                "put a space between the two"
            )
        case .tooManyTokens(let choice, let count, let limit):
            (
                "choice \(choice) (from 0) has \(count) tokens, the model's context \(limit)",
                "shorten it, or leave the line out"
            )
        }
    }
}
