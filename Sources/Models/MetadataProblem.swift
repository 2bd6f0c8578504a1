import Files

/// What is wrong with metadata of a user's own.
public enum MetadataProblem: Error, Sendable, Equatable {
    /// The file holds something else than a JSON object.
    case notObject
    /// Empty, too long, or with a zero in it.
    case invalidKey
    case wrongValue(found: String, expected: String)
    /// The value follows from what is converted.
    case decidedByFile
    case decidedByWeights
    case decidedByTokenizer
    case decidedBySwage
    /// Nobody could read the model with the file's values in it.
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
