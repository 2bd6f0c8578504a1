import Files
import ModelArchitecture

extension CheckpointDescription {
    /// What of a plan is not as the files alone say.
    func notes(about plan: DecoderPlan) throws -> [CheckpointNote] {
        var notes: [CheckpointNote] = []
        let trained = try configuration.trainedContextLength
        if let window = try configuration.slidingWindow, window < trained {
            let key: ByteString = "sliding_window"
            notes.append(
                CheckpointNote(
                    .contextEndsWithWindow(
                        window: window, contextLength: trained, isAssumed: !configuration.isStated(key)),
                    file: configuration.path, place: key.description))
        }
        guard let tensors, try isConfiguredTied else { return notes }
        if let head = tensors.entry(named: LlamaStorage.head) {
            let place = (file: tensors.path(of: head), name: head.name)
            if !plan.tiesOutputToEmbedding {
                notes.append(CheckpointNote(.storedHeadKept, file: place.file, place: place.name))
            } else if tensors.entry(named: LlamaStorage.embedding) == nil {
                notes.append(CheckpointNote(.headServesAsEmbedding, file: place.file, place: place.name))
            }
        }
        return notes
    }

    /// An error about the weights, with what `config.json` has to do with it.
    func explanation(of error: CheckpointError) throws -> CheckpointError {
        switch error.kind {
        case .missingTensor, .unknownTensors, .wrongShape, .notWeights:
            if let method = try packing {
                return CheckpointError(
                    .packedWeights(method: method, problem: error.diagnostic.problem), file: error.file,
                    tensor: error.tensor)
            }
            var explained = error
            explained.assumptions = configuration.assumptions.map { "\($0.key) = \($0.value.text)" }
            return explained
        default: return error
        }
    }
}
