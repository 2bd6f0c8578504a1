import Evaluation
import Tokenizers

/// A file of a model's predictions, which others can be compared with.
public struct PredictionFile: Sendable {
    /// How predictions are stored.
    public enum Form: String, Sendable, CaseIterable {
        /// As `llama-perplexity --kl-divergence` reads them: all log-probabilities in 16 bits.
        case llama
        /// A small fraction of that: the most probable tokens, and a sample of the others.
        case swage
    }

    /// The path of the file.
    public var path: String
    /// How predictions are stored.
    public var form: Form

    /// A file that is to be written.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - form: How predictions are stored.
    public init(path: String, form: Form) {
        self.path = path
        self.form = form
    }

    /// Opens a file of either form.
    static func open(_ path: String) throws -> any StoredPredictions {
        try PredictionArchiveFile.isOne(path) ? PredictionArchiveFile(path: path) : BaseLogitsFile(path: path)
    }

    /// What writes the file.
    ///
    /// - Parameter inputs: files that it must not replace.
    func recorder(
        _ identity: PredictionIdentity, texts: [TokenWindows], lengths: TokenLengths, inputs: [String],
        stateInterval: Duration
    ) throws -> any PredictionRecorder {
        try OutputFile.check(path, inputs: inputs)
        switch form {
        case .llama:
            return try BaseLogitsWriter(path: path, texts: texts, vocabularySize: identity.vocabularySize)
        case .swage:
            return try PredictionArchiveWriter(
                path: path, identity: identity, texts: texts, lengths: lengths, stateInterval: stateInterval)
        }
    }
}
