import Files

/// A reader of files from strangers, with what commands do with what it has read, to be given bytes of any kind.
///
/// Whatever the bytes are, it may throw a `DiagnosticError` that blames an input, and nothing else may happen.
public struct FuzzTarget: Sendable {
    /// What takes one input.
    typealias Reading = ([UInt8]) throws -> Void

    /// The name of the target, such as `gguf`.
    public let name: String
    /// What its inputs look like, which decides how they are changed.
    public let form: InputForm
    /// Words of the format that changed inputs are given.
    public let words: [String]
    /// Whom an error may blame.
    let faults: [Diagnostic.Fault]
    /// Whether an error has to name the file.
    let namesFile: Bool
    /// Inputs to begin with, most of which are accepted.
    let seeds: @Sendable (Workplace) throws -> [[UInt8]]
    /// Makes what all inputs share.
    let prepare: @Sendable (Workplace) throws -> Reading

    /// All targets.
    public static let all: [FuzzTarget] =
        weightFiles + tokenizers + checkpoints + measurements + evaluations + recipes + texts + plans

    /// The target of that name; nil if there is none.
    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }

    init(
        _ name: String, _ form: InputForm, words: [String] = [], faults: [Diagnostic.Fault] = [.input, .room],
        namesFile: Bool = true,
        seeds: @escaping @Sendable (Workplace) throws -> [[UInt8]],
        prepare: @escaping @Sendable (Workplace) throws -> Reading
    ) {
        self.name = name
        self.form = form
        self.words = words
        self.faults = faults
        self.namesFile = namesFile
        self.seeds = seeds
        self.prepare = prepare
    }
}

/// What the inputs of a target look like.
public enum InputForm: Sendable {
    /// Numbers of fixed width, lengths among them.
    case binary
    /// JSON, whole or line by line.
    case json
    /// Text with words of its own.
    case text
}
