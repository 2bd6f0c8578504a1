import TensorCore

/// A text or option that an evaluation cannot work with.
public struct EvaluationError: DiagnosticError, Equatable {
    public enum Kind: Sendable, Equatable {
        /// Fewer tokens than are needed for the first window that is asked for.
        case textTooShort(tokenCount: Int, context: Int, firstWindow: Int)
        case invalidCompression(String)
        /// A window must score at least one token.
        case contextTooShort(Int)
        case contextTooLong(requested: Int, limit: Int)
        case invalidStride(Int, context: Int)
        /// Models with other tokens cannot be compared token by token.
        case vocabularyMismatch(size: Int, referenceSize: Int)
        /// The mean log-likelihood is not a number.
        case nonFiniteResult
    }

    public let kind: Kind
    /// The text concerned.
    public let file: String?

    public init(_ kind: Kind, file: String? = nil) {
        self.kind = kind
        self.file = file
    }

    public var diagnostic: Diagnostic {
        switch kind {
        case .textTooShort(let tokens, let context, let firstWindow):
            Diagnostic(
                .input, file: file,
                "the text has \(tokens) \(tokens == 1 ? "token" : "tokens"), fewer than "
                    + (firstWindow == 0
                        ? "one window of \(context)"
                        : "\(firstWindow + 1) windows of \(context) that --from-chunk asks for"),
                advice: "give a longer text or a smaller --context")
        case .invalidCompression(let reason):
            Diagnostic(
                .input, file: file, "not a valid Zstandard file: \(reason)",
                advice: "compress it again, or drop .zst from its name if it is plain text")
        case .contextTooShort(let context):
            Diagnostic(.usage, "a context of \(context) tokens scores nothing", advice: "use at least 4")
        case .contextTooLong(let requested, let limit):
            Diagnostic(
                .usage, "a context of \(requested) tokens is more than the model's \(limit)",
                advice: "use --context \(limit) or less")
        case .invalidStride(let stride, let context):
            Diagnostic(
                .usage, "a stride of \(stride) leaves tokens unscored or none to score",
                advice: "use a --stride from 1 to the context of \(context)")
        case .vocabularyMismatch(let size, let referenceSize):
            Diagnostic(
                .input, file: file, "its vocabulary of \(size) tokens is not the reference's of \(referenceSize)",
                advice: "compare models that were made from the same checkpoint")
        case .nonFiniteResult:
            Diagnostic(
                .work, file: file, "the log-likelihood is not a finite number",
                advice: "the model's weights are damaged, or too coarse for this text")
        }
    }
}
