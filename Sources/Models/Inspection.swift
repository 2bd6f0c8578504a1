import Checkpoints
import Files
import FoundationEssentials
import GGUF
import Tensors
import Tokenizers

/// The contents of a GGUF file or a checkpoint as a user looks at them: format, metadata and tensors.
public struct Inspection: Sendable {
    /// A key and its value.
    public struct Entry: Sendable {
        /// The key as the file has it.
        public let key: String
        /// The type of the value as GGUF names it, such as `uint32` or `[string]`.
        public let type: String
        /// The value as the file has it.
        public let value: GGUFValue

        /// The value in few words: long arrays and texts are cut.
        public var summary: String { Inspection.text(of: value) }
    }

    /// The name of the format: `GGUF v3`, or the kind of checkpoint.
    public let format: String
    /// The files that hold the weights.
    public let files: [String]
    /// The size in bytes of ``files`` together.
    public let fileByteCount: Int
    /// The metadata in the order of the file.
    public let metadata: [Entry]
    /// The tensors in the order of the file.
    public let tensors: [TensorDescriptor]
    /// The tensors' rows.
    package let source: any TensorSource
    /// Notes for the user about how a checkpoint is read.
    public let notes: [Diagnostic]

    /// Elements of an array, and characters of a text, that are shown.
    private static let shownElementCount = 6
    private static let shownCharacterCount = 72

    /// Reads a GGUF of any kind, or a checkpoint directory as the GGUF that it would become.
    ///
    /// - Throws: ``ModelError`` if a GGUF is not as the options ask for, and the errors of the files.
    public init(
        path: String, expertPadding: ExpertPadding, expertNormalization: ExpertNormalization = .auto,
        preTokenizer: String? = nil
    ) throws {
        var isDirectory = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory {
            let model = try Model.open(
                path, expertPadding: expertPadding, expertNormalization: expertNormalization,
                preTokenizer: preTokenizer)
            format = "checkpoint, read as \(model.plan.architecture.rawValue)"
            files = model.files
            fileByteCount = try model.fileByteCount
            metadata = Self.entries(model.metadata)
            tensors = model.tensors.tensors
            source = model.tensors
            notes = model.notes
        } else {
            if expertPadding == .on || expertNormalization != .auto || preTokenizer != nil {
                // Such a file is to be a model, and of what is asked for.
                _ = try Model.open(
                    path, expertPadding: expertPadding, expertNormalization: expertNormalization,
                    preTokenizer: preTokenizer)
            }
            let file = try GGUFFile(path: path)
            format = "GGUF v\(file.version)"
            files = file.parts.map(\.path)
            fileByteCount = file.fileByteCount
            metadata = Self.entries(file.metadata)
            tensors = file.tensors
            source = file
            notes = []
        }
    }

    /// The size of all encoded tensors in bytes.
    public var tensorByteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }

    /// The number of elements of all tensors.
    public var elementCount: Int { tensors.reduce(0) { $0 + $1.shape.elementCount } }

    /// The number of tensors and their size in bytes for each type, from the largest size on.
    public var types: [(type: TensorType, tensorCount: Int, byteCount: Int)] {
        Dictionary(grouping: tensors, by: \.type)
            .map { (type: $0, tensorCount: $1.count, byteCount: $1.reduce(0) { $0 + $1.byteCount }) }
            .sorted { ($0.byteCount, $1.type.rawValue) > ($1.byteCount, $0.type.rawValue) }
    }

    private static func entries(_ metadata: GGUFMetadata) -> [Entry] {
        metadata.entries.map {
            Entry(key: $0.key.description, type: $0.value.typeName, value: $0.value)
        }
    }

    private static func text(of value: GGUFValue) -> String {
        switch value {
        case .array(let array):
            var shown: [String] = []
            var length = 0
            for index in 0..<min(shownElementCount, array.count) {
                let element = text(of: array[index])
                length += element.count
                if length > shownCharacterCount { break }
                shown.append(element)
            }
            if shown.count < array.count { shown.append("…") }
            return "\(array.count) \(array.count == 1 ? "element" : "elements"): [\(shown.joined(separator: ", "))]"
        case .string(let bytes): return quoted(bytes.description)
        case .bool(let flag): return "\(flag)"
        case .float32(let number): return "\(number)"
        case .float64(let number): return "\(number)"
        default: return value.integer.map(String.init) ?? "\(value)"
        }
    }

    private static func quoted(_ text: String) -> String {
        let shown = text.count > shownCharacterCount ? text.prefix(shownCharacterCount) + "…" : text[...]
        return String(reflecting: String(shown))
    }
}
