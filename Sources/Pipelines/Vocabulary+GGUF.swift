import GGUFContainer
import TensorCore
import Tokenization

extension Vocabulary {
    /// The vocabulary as the metadata that llama.cpp reads.
    var metadata: GGUFMetadata {
        var metadata = GGUFMetadata()
        metadata["tokenizer.ggml.model"] = .string(ByteString(model))
        metadata["tokenizer.ggml.pre"] = .string(ByteString(pre))
        metadata["tokenizer.ggml.tokens"] = .array(.string(pieces))
        metadata["tokenizer.ggml.scores"] = .array(.float32(scores))
        metadata["tokenizer.ggml.token_type"] = .array(.int32(kinds.map(\.rawValue)))
        let ids: [(ByteString, TokenID?)] = [
            ("tokenizer.ggml.bos_token_id", bos), ("tokenizer.ggml.eos_token_id", eos),
            ("tokenizer.ggml.unknown_token_id", unknown), ("tokenizer.ggml.padding_token_id", padding),
        ]
        for (key, id) in ids { metadata[key] = id.map { .uint32(UInt32($0)) } }
        metadata["tokenizer.ggml.add_bos_token"] = .bool(addsBOS)
        metadata["tokenizer.ggml.add_eos_token"] = .bool(addsEOS)
        metadata["tokenizer.ggml.add_space_prefix"] = .bool(addsSpacePrefix)
        metadata["tokenizer.chat_template"] = chatTemplate.map { .string(ByteString($0)) }
        return metadata
    }
}
