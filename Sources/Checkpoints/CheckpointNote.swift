import Files

/// A note for the user about how a checkpoint is read: nothing is wrong, but something is not as the files alone say.
public struct CheckpointNote: Sendable, Equatable {
    /// The respect in which the model is not as the files alone say.
    public enum Kind: Sendable, Equatable {
        /// `tie_word_embeddings` is true, and a head of other values than the embedding's is stored.
        case storedHeadKept
        /// There is no embedding; the head of a tied model is used for both.
        case headServesAsEmbedding
        /// The context ends where the sliding window does. `isAssumed`: the window is the class's default.
        case contextEndsWithWindow(window: Int, contextLength: Int, isAssumed: Bool)
        /// One matrix of a layer's experts is stored in several types; all are read as `type`.
        case expertTypesWidened(types: [String], type: String, tensorCount: Int)
        /// Scales of inputs and of the key-value cache, which only a computation in 8-bit floats needs, are not used.
        case activationScalesIgnored(count: Int)
        /// The shards were found by their names.
        case shardsWithoutIndex(count: Int)
    }

    /// The respect in which the model is not as the files alone say.
    public let kind: Kind
    /// The checkpoint directory or a file in it.
    public let file: String
    /// The tensor or key concerned; the first of several.
    public let place: String?

    init(_ kind: Kind, file: String, place: String? = nil) {
        self.kind = kind
        self.file = file
        self.place = place
    }

    /// The note in words.
    public var diagnostic: Diagnostic {
        let (problem, advice): (String, Message?) =
            switch kind {
            case .storedHeadKept:
                (
                    "tie_word_embeddings is true, but the head that is stored differs from the embedding; the stored "
                        + "one is used",
                    "set tie_word_embeddings to false if it belongs to the model, or remove the tensor if it does not"
                )
            case .headServesAsEmbedding:
                ("the checkpoint stores no embedding; the head is used for both, as tie_word_embeddings says", nil)
            case .contextEndsWithWindow(let window, let contextLength, let isAssumed):
                (
                    (isAssumed ? "the key is left out, and the class's default is \(window)" : "found \(window)")
                        + ": sliding windows are not computed, so the context ends there instead of at \(contextLength)",
                    "up to that length the model computes the same; where it was trained without a window, set "
                        + "sliding_window to null"
                )
            case .expertTypesWidened(let types, let type, let count):
                (
                    "this layer's experts are stored as \(types.joined(separator: " and ")); they are read as \(type)"
                        + (count > 1 ? " here and in \(count - 1) more \(count == 2 ? "stack" : "stacks")" : ""),
                    nil
                )
            case .activationScalesIgnored(let count):
                (
                    count == 1
                        ? "the scale of a computation in FP8 is not used"
                        : "\(count) scales of a computation in FP8, this and others, are not used",
                    nil
                )
            case .shardsWithoutIndex(let count):
                ("there is no index; \(count == 1 ? "the shard was" : "\(count) shards were") found by name", nil)
            }
        return Diagnostic(.input, file: file, place: place, problem, advice: advice)
    }
}
