import Checkpoints
import Files
import FoundationEssentials
import GGUF
import ModelArchitecture
import Tensors
import Tokenizers

/// A model that commands work on: a checkpoint directory, or a GGUF file (any part of a split one).
public struct Model: Sendable {
    /// The path of the directory or the file, as it was given.
    public let path: String
    /// The name in the model's metadata; without one, the last component of ``path``. Reports may call it otherwise.
    public package(set) var name: String
    /// The plan of the model's computation.
    public let plan: DecoderPlan
    /// The weights under their GGUF names.
    public package(set) var tensors: any TensorSource
    /// The tokenizer of the model.
    public let tokenizer: Tokenizer
    /// The metadata of a GGUF of this model, without the keys that depend on how it is written.
    public let metadata: GGUFMetadata
    /// The files that hold the weights.
    public let files: [String]
    /// The checkpoint that the model is read from; nil for a GGUF.
    public let checkpoint: Checkpoint?
    /// Warnings about parts of the checkpoint's description that could not be read.
    package let warnings: [String]

    /// Opens a model; its weights are not read yet.
    ///
    /// - Parameters:
    ///   - path: A checkpoint directory, a GGUF file, or any part of a split one.
    ///   - expertPadding: Whether the experts of a checkpoint are widened with zeros to whole blocks. A GGUF is taken
    ///     as it is, and refused if padding is asked for and it has none.
    ///   - expertNormalization: Whether the weights of a token's experts are scaled to sum to 1. A GGUF is refused if
    ///     it says something else.
    ///   - preTokenizer: llama.cpp's name for the way in which a checkpoint's byte-level tokenizer splits words; nil to
    ///     recognize it by the tokenizer's pattern. A GGUF is refused if it has another name.
    ///   - readsWeights: Whether to open the weights of a checkpoint; if not, they may be missing, and the model has no
    ///     tensors.
    /// - Throws: ``ModelError`` if there is no model or if it is not as was asked for, and the errors of its files:
    ///   they say what is damaged, missing or not supported.
    public static func open(
        _ path: String, expertPadding: ExpertPadding = .auto, expertNormalization: ExpertNormalization = .auto,
        preTokenizer: String? = nil, readsWeights: Bool = true
    ) throws -> Model {
        let model: Model
        if try isDirectory(path) {
            model = try Model(
                checkpoint: Checkpoint(
                    directory: path, expertPadding: expertPadding, expertNormalization: expertNormalization,
                    preTokenizer: preTokenizer, readsWeights: readsWeights))
        } else {
            model = try Model(file: GGUFFile(path: path), path: path)
            try check(preTokenizer, isThatOf: model.tokenizer, path: path)
            if expertPadding == .on, let length = model.plan.experts?.length,
                expertPadding.paddedLength(length) != length
            {
                throw ModelError(.cannotPad(length: length), file: path)
            }
        }
        let (asked, experts) = (expertNormalization, model.plan.experts)
        if asked != .auto, experts?.normalizesWeights != (asked == .on) {
            throw ModelError(.cannotNormalize(hasExperts: experts != nil), file: path)
        }
        return model
    }

    private init(checkpoint: Checkpoint) throws {
        path = checkpoint.directory
        name = checkpoint.name
        plan = checkpoint.plan
        tensors = checkpoint.tensors
        tokenizer = checkpoint.tokenizer
        files = checkpoint.weightFiles
        self.checkpoint = checkpoint
        var metadata = checkpoint.plan.metadata
        metadata["general.type"] = .string("model")
        let general = try checkpoint.generalMetadata()
        metadata.append(general)
        warnings = general.warnings
        metadata.append(checkpoint.tokenizer.vocabulary.metadata)
        self.metadata = metadata
    }

    private init(file: GGUFFile, path: String) throws {
        try Self.demandModel(file)
        self.path = path
        name = file.metadata.string("general.name") ?? path.split(separator: "/").last.map(String.init) ?? path
        let embedding = file.index(ofTensor: TensorName(.tokenEmbedding).gguf).map { file.tensors[$0].shape }
        let hasOutput = file.index(ofTensor: TensorName(.output).gguf) != nil
        do throws(ArchitectureError) {
            plan = try DecoderPlan(
                metadata: file.metadata, vocabularySize: embedding?.rowCount ?? 0, tiesOutputToEmbedding: !hasOutput,
                hasFrequencyFactors: file.index(ofTensor: TensorName(.rotaryFactors).gguf) != nil)
        } catch {
            throw ArchitectureError(error.kind, key: error.key, file: path)
        }
        tensors = file
        tokenizer = try Self.tokenizer(of: file)
        if let rowCount = embedding?.rowCount, tokenizer.vocabulary.count > rowCount {
            throw TokenizationError(
                .moreTokensThanRows(tokenCount: tokenizer.vocabulary.count, rowCount: rowCount), file: path)
        }
        files = file.parts.map(\.path)
        checkpoint = nil
        warnings = []
        metadata = file.metadata
    }

    /// Notes for the user about how the model is read.
    public var notes: [Diagnostic] {
        (checkpoint?.notes.map(\.diagnostic) ?? []) + tokenizer.notes
    }

    /// Everything that the model was read from.
    package var inputFiles: [String] {
        guard checkpoint != nil else { return files }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return files
            + names.filter { $0.hasSuffix(".json") || $0.hasSuffix(".jinja") || $0 == "README.md" }.map {
                "\(path)/\($0)"
            }
    }

    /// Reads the tokenizer alone, of a checkpoint, whose weights may be missing, or of a GGUF.
    ///
    /// - Parameters:
    ///   - path: A checkpoint directory, a GGUF file, or any part of a split one.
    ///   - preTokenizer: llama.cpp's name for the way in which a checkpoint's byte-level tokenizer splits words; nil to
    ///     recognize it by the tokenizer's pattern. A GGUF is refused if it has another name.
    public static func tokenizer(path: String, preTokenizer: String? = nil) throws -> Tokenizer {
        if try isDirectory(path) { return try Tokenizer(checkpointDirectory: path, preTokenizer: preTokenizer) }
        let file = try GGUFFile(path: path)
        try demandModel(file)
        let tokenizer = try tokenizer(of: file)
        try check(preTokenizer, isThatOf: tokenizer, path: path)
        return tokenizer
    }

    private static func isDirectory(_ path: String) throws -> Bool {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw ModelError(.noSuchModel, file: path)
        }
        return isDirectory
    }

    private static func check(_ preTokenizer: String?, isThatOf tokenizer: Tokenizer, path: String) throws {
        let found = tokenizer.vocabulary.pre
        guard let preTokenizer, preTokenizer != found else { return }
        throw ModelError(.otherPreTokenizer(found: found, asked: preTokenizer), file: path)
    }

    private static func demandModel(_ file: GGUFFile) throws {
        let type = file.metadata.string("general.type") ?? "model"
        guard type == "model" else { throw ModelError(.notAModel(type: type), file: file.path) }
    }

    private static func tokenizer(of file: GGUFFile) throws -> Tokenizer {
        do throws(TokenizationError) {
            return try Tokenizer(vocabulary: Vocabulary(metadata: file.metadata), file: file.path)
        } catch {
            throw TokenizationError(error.kind, file: file.path)
        }
    }

    /// The size in bytes of all files that hold the weights.
    public var fileByteCount: Int {
        get throws { try files.reduce(0) { try $0 + ReadableFile(path: $1).byteCount } }
    }

    /// The rule that cuts a model into the same parts as this one; nil if it is one file.
    ///
    /// - Throws: ``ModelError`` if the model is a checkpoint, whose shards are no parts of a GGUF.
    public func splitLimits() throws -> GGUFSplitLimits? {
        guard let file = tensors as? GGUFFile else { throw ModelError(.noSplitToKeep, file: path) }
        return file.parts.count > 1 ? .tensorCounts(file.parts.map(\.tensorIndices.count)) : nil
    }

    /// The size of all encoded tensors in bytes.
    public var tensorByteCount: Int { tensors.tensors.reduce(0) { $0 + $1.byteCount } }

    /// The mean number of bits per element over all tensors, as stored.
    public var bitsPerWeight: Double {
        Double(8 * tensorByteCount) / Double(tensors.tensors.reduce(0) { $0 + $1.shape.elementCount })
    }
}
