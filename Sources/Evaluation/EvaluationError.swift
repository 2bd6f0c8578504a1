import Files

/// A text, a file or an option that an evaluation cannot work with.
public struct EvaluationError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// A text has fewer tokens than the first window that is asked for needs.
        case textTooShort(tokenCount: Int, context: Int, firstWindow: Int)
        /// A file that ends in `.zst` is no valid Zstandard file, and why.
        case invalidCompression(String)
        /// A line of a JSON lines file is no object with a string `text`.
        case noText(line: Int)
        /// A file of questions, or one of its lines, is not what it has to be.
        case invalidTask(TaskProblem, line: Int?)
        /// A window must score at least one token.
        case contextTooShort(Int)
        /// Windows would be longer than what the model can see.
        case contextTooLong(requested: Int, limit: Int)
        /// A stride is below 1 or above the context, so that tokens would not be scored, or none.
        case invalidStride(Int, context: Int)
        /// Models with other tokens cannot be compared token by token.
        case vocabularyMismatch(size: Int, referenceSize: Int)
        /// A file that should hold stored predictions holds something else.
        case notPredictions
        /// A file of stored predictions is damaged or incomplete, and how.
        case invalidPredictions(String)
        /// The stored predictions are of windows that the models cannot see.
        case predictionsOfLongWindows(context: Int, limit: Int)
        /// A window to evaluate is not among those that the stored predictions are of.
        case otherWindows(number: Int)
        /// Stored predictions are of another run than the one they should serve, and what differs.
        case predictionsOfOtherRun(String)
        /// A file that should be continued is of another run, and what differs.
        case fileOfOtherRun(String)
        /// A line of a file of scores is not what it has to be.
        case notScores(line: Int)
        /// Files of scores have the same window twice.
        case duplicateWindow(text: String, number: Int)
        /// The windows are of another form than the file can hold.
        case windowsOfOtherProtocol
        /// The mean log-likelihood is infinite or not a number.
        case nonFiniteResult
    }

    /// What is wrong.
    public let kind: Kind
    /// The file or the text that the error is about, if it is about one.
    public let file: String?

    /// An error of an evaluation.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - file: The file or the text concerned, if there is one.
    public init(_ kind: Kind, file: String? = nil) {
        self.kind = kind
        self.file = file
    }

    /// The error in words: the file and the place, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        switch kind {
        case .textTooShort(let tokens, let context, let firstWindow):
            Diagnostic(
                .input, file: file,
                "the text has \(tokens) \(tokens == 1 ? "token" : "tokens"), fewer than "
                    + (firstWindow == 0
                        ? "one window of \(context)"
                        : "\(UInt(max(0, firstWindow)) + 1) windows of \(context)"),
                advice: firstWindow == 0
                    ? "give a longer text or a smaller \(.context)"
                    : "give a longer text, a smaller \(.context) or an earlier \(.firstWindow)")
        case .invalidCompression(let reason):
            Diagnostic(
                .input, file: file, "not a valid Zstandard file: \(reason)",
                advice: "compress it again, or drop .zst from its name if it is plain text")
        case .noText(let line):
            Diagnostic(
                .input, file: file, place: "line \(line)", "it is no JSON object with a string \"text\"",
                advice: "give every line the form {\"text\": \"…\"}, or drop .jsonl from the name if it is plain text")
        case .invalidTask(let problem, let line): problem.diagnostic(file: file, line: line)
        case .contextTooShort(let context):
            Diagnostic(.usage, "a context of \(context) tokens scores nothing", advice: "use at least 4")
        case .contextTooLong(let requested, let limit):
            Diagnostic(
                .usage, "a context of \(requested) tokens is more than the model's \(limit)",
                advice: "use \(.context, limit) or less")
        case .invalidStride(let stride, let context):
            Diagnostic(
                .usage, "a stride of \(stride) leaves tokens unscored or none to score",
                advice: "use a \(.stride) from 1 to the context of \(context)")
        case .vocabularyMismatch(let size, let referenceSize):
            Diagnostic(
                .input, file: file, "its vocabulary of \(size) tokens is not the reference's of \(referenceSize)",
                advice: "compare models that were made from the same checkpoint")
        case .notPredictions:
            Diagnostic(
                .input, file: file, "it is no file of stored predictions",
                advice: "make one with \(run: .storePredictions)")
        case .invalidPredictions(let problem):
            Diagnostic(
                .input, file: file, "the stored predictions are damaged: \(problem)", advice: "make the file again")
        case .predictionsOfLongWindows(let context, let limit):
            Diagnostic(
                .input, file: file,
                "the stored predictions are of windows of \(context) tokens, the model sees \(limit)",
                advice: "make them again with \(.context, limit) or less")
        case .otherWindows(let number):
            Diagnostic(
                .input, file: file, place: "window \(number)", "its tokens are not among those the predictions are of",
                advice:
                    "evaluate the same text with the same tokenizer, \(.context) and \(.stride), or leave out \(.text)")
        case .predictionsOfOtherRun(let difference):
            Diagnostic(
                .input, file: file, "the stored predictions are of \(difference)",
                advice: "give the texts and options that they were made with, or make them again")
        case .fileOfOtherRun(let difference):
            Diagnostic(
                .usage, file: file, "the file is there and is of \(difference)",
                advice: "remove it, or give another name; only the same run can be continued")
        case .notScores(let line):
            Diagnostic(
                .input, file: file, place: "line \(line)", "it is no line of a file of scores",
                advice: "make the file with \(run: .storeScores)")
        case .duplicateWindow(let text, let number):
            Diagnostic(
                .input, file: file, place: text, "window \(number) is there twice",
                advice: "merge files of different windows")
        case .windowsOfOtherProtocol:
            Diagnostic(
                .usage, file: file, "llama.cpp's form cannot hold windows that overlap or differ in length",
                advice: "leave out \(.stride), or use \(.baseLogitsFormat, "swage")")
        case .nonFiniteResult:
            Diagnostic(
                .work, file: file, "the log-likelihood is not a finite number",
                advice: "the model's weights are damaged, or too coarse for this text")
        }
    }
}
