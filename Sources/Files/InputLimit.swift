/// What a file is that is read as a whole, and how large it may be.
///
/// The size is checked before anything is read, so that a wrong or hostile file costs no memory. Files whose parts are read
/// by themselves, such as GGUF and safetensors files, have limits of their own for their headers, not for their size.
public enum InputLimit: String, Sendable, CaseIterable {
    /// The description of a checkpoint or of its tokenizer in JSON, such as `config.json` and `tokenizer_config.json`.
    case configuration
    /// A tokenizer's vocabulary: `tokenizer.json`, `vocab.json` or `merges.txt`.
    case tokenizer
    /// A tokenizer of SentencePiece, `tokenizer.model`.
    case sentencePiece
    /// The list of a checkpoint's shards.
    case weightIndex
    /// A chat template by itself.
    case chatTemplate
    /// Keys and values of a user's own for the metadata of a file.
    case metadata
    /// Functions and documents that a model is told of.
    case material
    /// A recipe, or types of tensors.
    case recipe
    /// What types cost in each matrix of a model.
    case sensitivity
    /// An importance matrix in llama.cpp's older form.
    case importance
    /// A text that models are evaluated or calibrated on, as it is when it is decompressed.
    case text
    /// A text that a model continues.
    case prompt
    /// The questions of a task, as they are when they are decompressed.
    case task
    /// The scores of a run.
    case scores
    /// What an earlier run has left to be continued.
    case unfinished
    /// The description of a calibration that has been begun.
    case calibration
    /// Digests of a model's tensors.
    case manifest
    /// A job that is divided into parts.
    case plan
    /// What is known of a part of a job.
    case partRecord

    /// The most bytes that such a file may have.
    public var byteCount: Int {
        switch self {
        case .chatTemplate: 1 << 20
        case .recipe: 1 << 22
        case .configuration, .metadata, .material: 1 << 24
        case .sentencePiece, .weightIndex, .sensitivity, .prompt, .calibration, .manifest, .plan, .partRecord: 1 << 26
        case .tokenizer: 1 << 27
        case .text, .task: 1 << 28
        case .scores: 1 << 30
        case .importance, .unfinished: 1 << 32
        }
    }

    /// What such a file is called in messages.
    public var name: String {
        switch self {
        case .configuration: "a configuration"
        case .tokenizer: "a tokenizer's vocabulary"
        case .sentencePiece: "a SentencePiece model"
        case .weightIndex: "a list of shards"
        case .chatTemplate: "a chat template"
        case .metadata: "a file of metadata"
        case .material: "a list of functions or documents"
        case .recipe: "a recipe"
        case .sensitivity: "a sensitivity"
        case .importance: "an importance matrix of the older form"
        case .text: "a text"
        case .prompt: "a prompt"
        case .task: "a task"
        case .scores: "a file of scores"
        case .unfinished: "an unfinished result"
        case .calibration: "the description of a calibration"
        case .manifest: "a manifest of digests"
        case .plan: "a plan"
        case .partRecord: "the record of a part"
        }
    }

    /// The most bytes that a compressed file of this kind may become: no text shrinks to less than a 64th, and what a small
    /// file becomes costs little in any case.
    ///
    /// - Parameter compressed: the size of the compressed file in bytes.
    public func decompressedByteCount(ofCompressed compressed: Int) -> Int {
        min(byteCount, max(1 << 26, 64 * compressed))
    }
}
