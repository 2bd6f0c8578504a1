/// What a family is read from.
struct CheckpointDescription: Sendable {
    /// What `config.json` says.
    let configuration: CheckpointConfiguration
    /// The checkpoint's tensors; nil where they are not asked for and may be missing.
    let tensors: CheckpointWeights?
    let expertNormalization: ExpertNormalization

    /// The description with the defaults of a family for what `config.json` leaves out.
    func completed(by defaults: ConfigurationDefaults) -> CheckpointDescription {
        CheckpointDescription(
            configuration: configuration.completed(by: defaults), tensors: tensors,
            expertNormalization: expertNormalization)
    }

    /// Whether the output projection is the token embedding: as configured, unless a head of other values is stored.
    ///
    /// llama.cpp's converter writes every head that is stored, and llama.cpp computes with it; transformers 5 does not tie
    /// tensors that are both stored and differ.
    var tiesOutputToEmbedding: Bool {
        get throws {
            guard try isConfiguredTied else { return false }
            guard let tensors, let head = tensors.entry(named: LlamaStorage.head),
                let embedding = tensors.entry(named: LlamaStorage.embedding)
            else { return true }
            return try tensors.holdSameValues(head, embedding)
        }
    }

    /// What `tie_word_embeddings` says.
    var isConfiguredTied: Bool {
        get throws { try configuration.bool("tie_word_embeddings", default: false) }
    }
}
