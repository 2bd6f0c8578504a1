import Files
import GGUF
import Models
import Pages
import Pipelines
import Recipes
import Tensors

extension ModelFacts {
    /// The facts of an opened model; its files are digested.
    ///
    /// - Throws: Errors of reading its files.
    init(_ model: Model, compute: Compute) throws {
        let digests = try model.fileDigests(compute)
        let recipe = model.recipe
        self.init(
            isCheckpoint: model.checkpoint != nil, type: model.typeName, recipe: recipe?.name,
            files: digests.map { File(name: $0.name, bytes: $0.byteCount, sha256: $0.sha256) },
            memory: Memory(model), made: Making(model.metadata, recipe: recipe).steps,
            commands: model.checkpoint == nil
                ? Making(model.metadata, recipe: recipe).commands(for: digests.first?.name ?? "") : [],
            metadata: model.metadata.statements)
    }
}

extension ModelFacts.Memory {
    /// The device that holds the model with the context that most use, and the smallest usual card.
    fileprivate init(_ model: Model) {
        let context = DeviceMemory.usualContext(model.plan)
        let needed =
            DeviceMemory.deviceByteCount(of: model.tensors.tensors, model.plan)
            + DeviceMemory(byteCount: 0, context: context).otherByteCount(model.plan)
        self.init(context: context, bytes: needed, cardGiB: FitReport.cards.first { needed <= $0 << 30 })
    }
}

extension Model {
    /// The recipe that a file keeps; nil if it keeps none that can be read.
    fileprivate var recipe: Recipe? { metadata.bytes("swage.recipe").flatMap { try? Recipe(json: $0.bytes) } }

    /// The name of the file type, or of the type that most bytes are in.
    fileprivate var typeName: String {
        if checkpoint == nil, let number = metadata.integer("general.file_type"),
            let mix = Recipe.named.first(where: { Int($0.fileType) == number })
        {
            return mix.name
        }
        let sizes = Dictionary(grouping: tensors.tensors, by: \.type).mapValues { $0.reduce(0) { $0 + $1.byteCount } }
        return sizes.max { ($0.value, $1.key.name) < ($1.value, $0.key.name) }?.key.name ?? ""
    }
}

extension GGUFMetadata {
    private static let told = [
        "name", "basename", "organization", "author", "description", "license", "license.name", "license.link",
        "languages", "tags", "source.repo_url", "repo_url", "base_model.0.repo_url", "quantized_by", "sampling.temp",
        "sampling.top_k", "sampling.top_p", "sampling.min_p", "sampling.penalty_repeat",
    ]

    /// What a model says of itself under `general.`, as texts.
    fileprivate var statements: [String: [String]] {
        var found: [String: [String]] = [:]
        for name in Self.told {
            let key = ByteString("general.\(name)")
            guard let value = self[key] else { continue }
            let texts: [String]
            if let list = strings(key) {
                texts = list.map(\.description)
            } else if let text = value.string {
                texts = [text]
            } else if let number = value.integer {
                texts = ["\(number)"]
            } else if case .float32(let number) = value {
                texts = ["\(number)"]
            } else {
                continue
            }
            found["general.\(name)"] = texts
        }
        return found
    }
}
