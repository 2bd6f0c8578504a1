import Checkpoints
import Pipelines
import Synchronization
import Tokenization

extension Model {
    /// Opens a model as `init` does, and tells what its tokenizer leaves out.
    static func open(
        path: String, expertPadding: ExpertPadding = .auto, preTokenizer: String? = nil, readsWeights: Bool = true
    ) throws -> Model {
        let model = try Model(
            path: path, expertPadding: expertPadding, preTokenizer: preTokenizer, readsWeights: readsWeights)
        model.tokenizer.warnings.show()
        return model
    }
}

extension [TokenizationWarning] {
    private static let shown = Mutex<Set<String>>([])

    /// Shows each of them on standard error, once in the life of the process.
    func show() {
        for warning in self where Self.shown.withLock({ $0.insert(warning.description).inserted }) {
            ProgressLine.handler(.warning(warning.description))
        }
    }
}
