import Files

/// An error of metadata that a user has written.
public enum MetadataProblem: Error, Sendable, Equatable {
    /// The file holds something other than a JSON object.
    case notObject
    /// The key is empty, too long, or has a zero byte in it.
    case invalidKey
    /// The value is of another type than the key has.
    case wrongValue(found: String, expected: String)
    /// The value follows from how the file is written.
    case decidedByFile
    /// The value follows from the shapes of the weights.
    case decidedByWeights
    /// The value follows from the checkpoint's tokenizer.
    case decidedByTokenizer
    /// The key is one of those that Swage itself writes.
    case decidedBySwage
    /// No program could read a model with the values of the file in it.
    case unreadable(String)

    /// - Parameter key: the key, if one is concerned.
    func diagnostic(file: String?, key: String?) -> Diagnostic {
        let (problem, advice) = words
        return Diagnostic(.input, file: file, place: key, problem, advice: advice)
    }

    private var words: (problem: String, advice: Message) {
        switch self {
        case .notObject: ("a JSON object expected", "write {\"KEY\": VALUE, …}")
        case .invalidKey:
            ("a key of 1 to 65535 bytes of UTF-8 without zeros expected", "correct or leave out the key")
        case .wrongValue(let found, let expected):
            ("found \(found), expected \(expected)", "give the value the type that programs read")
        case .decidedByFile: ("the key follows from how the file is written", "leave the key out")
        case .decidedByWeights:
            ("the key follows from the weights, which would not fit another value", "leave the key out")
        case .decidedByTokenizer:
            (
                "the key follows from the checkpoint's tokenizer",
                "leave the key out; change the tokenizer's files, or use \(.preTokenizer) for tokenizer.ggml.pre"
            )
        case .decidedBySwage: ("Swage itself writes the keys that begin with swage.", "choose another key")
        case .unreadable(let problem): ("the model could not be read with this value: \(problem)", "correct the value")
        }
    }
}
