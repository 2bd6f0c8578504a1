import ByteJSON

/// Questions of one form, from a file of JSON lines or one that llama-perplexity reads.
public struct EvaluationTask: Sendable {
    /// The name of the task in reports.
    public let name: String
    /// The path of the file that the questions are from.
    public let path: String
    /// How the questions are asked, which is the same for all of them.
    public let form: TaskForm
    /// The questions in the file's order; there is at least one.
    public let questions: [ChoiceQuestion]

    /// Reads a file of JSON lines or, told by their content, llama-perplexity's of HellaSwag, WinoGrande and multiple choice;
    /// it may be compressed as `.zst`. Its name is the file's, without extensions. Empty lines are skipped.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: The most questions that are read, at least 1; nil for all.
    /// - Throws: `FileError` when the file cannot be read or is not UTF-8, ``EvaluationError`` when a line is no question.
    public init(contentsOf path: String, limit: Int? = nil) throws {
        let bytes = try EvaluationText.decompressedBytes(of: path, limit: .task)
        name = EvaluationText.name(ofFile: path)
        self.path = path
        if let (form, questions) = try PublishedTasks.read(bytes, limit: limit ?? .max, path: path) {
            (self.form, self.questions) = (form, questions)
            if form != .choices { try EvaluationText.demandUTF8(bytes, path: path) }
            return
        }
        try EvaluationText.demandUTF8(bytes, path: path)
        var form: TaskForm?
        var questions: [ChoiceQuestion] = []
        for (index, line) in bytes.lines where questions.count < limit ?? .max {
            do throws(TaskProblem) {
                let fields = try TaskFields(parsing: Array(line))
                let found = try TaskForm(of: fields)
                if let form, found != form { throw .otherForm(found, first: form) }
                form = found
                questions.append(try found.question(fields, line: index + 1))
            } catch {
                throw EvaluationError(.invalidTask(error, line: index + 1), file: path)
            }
        }
        guard let form else { throw EvaluationError(.invalidTask(.noQuestions, line: nil), file: path) }
        self.form = form
        self.questions = questions
    }

    /// The number of questions where the prompt's last word and the choice's first one run together, as nobody would
    /// write them.
    public var unspacedQuestionCount: Int {
        form == .choices || form == .prompts ? questions.count { $0.candidates.contains(where: \.isUnspaced) } : 0
    }
}

extension ChoiceCandidate {
    fileprivate var isUnspaced: Bool {
        guard let last = context.unicodeScalars.last, let first = continuation.unicodeScalars.first else {
            return false
        }
        return (last.isASCIIWord || ".,:;?!".unicodeScalars.contains(last)) && first.isASCIIWord
    }
}

extension Unicode.Scalar {
    fileprivate var isASCIIWord: Bool { isASCII && (properties.isAlphabetic || properties.numericType != nil) }
}

extension [UInt8] {
    /// The lines that have something in them, and their numbers from 0.
    var lines: some Sequence<(index: Int, bytes: ArraySlice<UInt8>)> {
        split(separator: 0x0a, omittingEmptySubsequences: false).enumerated().lazy
            .filter { !$0.element.allSatisfy { $0 == 0x20 || $0 == 0x0d || $0 == 0x09 } }
            .map { (index: $0.offset, bytes: $0.element) }
    }
}
