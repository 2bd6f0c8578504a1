import Files
import GGUF
import Tokenizers

extension Vocabulary {
    /// The vocabulary as metadata, under the keys that llama.cpp reads.
    public var metadata: GGUFMetadata {
        var metadata = GGUFMetadata()
        metadata["tokenizer.ggml.model"] = .string(ByteString(model))
        metadata["tokenizer.ggml.pre"] = .string(ByteString(pre))
        metadata["tokenizer.ggml.tokens"] = .array(.string(pieces))
        if !scores.isEmpty { metadata["tokenizer.ggml.scores"] = .array(.float32(scores)) }
        if !merges.isEmpty { metadata["tokenizer.ggml.merges"] = .array(.string(merges)) }
        metadata["tokenizer.ggml.token_type"] = .array(.int32(kinds.map(\.rawValue)))
        let ids: [(ByteString, TokenID?)] = [
            ("tokenizer.ggml.bos_token_id", specials.bos), ("tokenizer.ggml.eos_token_id", specials.eos),
            ("tokenizer.ggml.unknown_token_id", specials.unknown),
            ("tokenizer.ggml.padding_token_id", specials.pad),
        ]
        for (key, id) in ids { metadata[key] = id.map { .uint32(UInt32($0)) } }
        metadata["tokenizer.ggml.add_bos_token"] = .bool(addsBOS)
        metadata["tokenizer.ggml.add_eos_token"] = .bool(addsEOS)
        metadata["tokenizer.ggml.add_sep_token"] = separatesPairs.map { .bool($0) }
        if addsSpacePrefix != VocabularyDefaults(model: model, pre: pre).addsSpacePrefix {
            metadata["tokenizer.ggml.add_space_prefix"] = .bool(addsSpacePrefix)
        }
        if model == "t5" {
            metadata["tokenizer.ggml.remove_extra_whitespaces"] = .bool(removesExtraSpaces)
            if !characterMap.isEmpty {
                metadata["tokenizer.ggml.precompiled_charsmap"] = .array(.uint8(characterMap))
            }
        }
        metadata["tokenizer.chat_template"] = chatTemplate.map { .string(ByteString($0)) }
        return metadata
    }
}

extension Vocabulary {
    /// Reads the vocabulary from a GGUF's metadata; keys that are absent have llama.cpp's defaults.
    public init(metadata: GGUFMetadata) {
        let model = metadata.string("tokenizer.ggml.model") ?? "none"
        let pre = metadata.string("tokenizer.ggml.pre") ?? "default"
        let defaults = VocabularyDefaults(model: model, pre: pre)
        let pieces = metadata.strings("tokenizer.ggml.tokens") ?? []
        let kinds = metadata.integers("tokenizer.ggml.token_type")?.map { TokenKind(rawValue: Int32(clamping: $0)) }
        self.init(
            model: model, pre: pre, pieces: pieces,
            scores: metadata.floats("tokenizer.ggml.scores")
                ?? [Float](repeating: 0, count: model == "gpt2" ? 0 : pieces.count),
            merges: metadata.strings("tokenizer.ggml.merges") ?? [],
            kinds: kinds?.map { $0 ?? .undefined } ?? [TokenKind](repeating: .normal, count: pieces.count),
            specials: SpecialTokens(metadata, defaults: defaults.specials, tokenCount: pieces.count),
            addsBOS: metadata.bool("tokenizer.ggml.add_bos_token") ?? defaults.addsBOS,
            addsEOS: metadata.bool("tokenizer.ggml.add_eos_token") ?? defaults.addsEOS,
            separatesPairs: metadata.bool("tokenizer.ggml.add_sep_token") ?? defaults.separatesPairs,
            addsSpacePrefix: metadata.bool("tokenizer.ggml.add_space_prefix") ?? defaults.addsSpacePrefix,
            removesExtraSpaces: metadata.bool("tokenizer.ggml.remove_extra_whitespaces") ?? false,
            characterMap: Self.characterMap(metadata["tokenizer.ggml.precompiled_charsmap"]?.array),
            chatTemplate: metadata.string("tokenizer.chat_template"))
    }

    private static func characterMap(_ array: GGUFArray?) -> [UInt8] {
        switch array {
        case .uint8(let bytes): bytes
        case .int8(let bytes): bytes.map { UInt8(bitPattern: $0) }
        default: []
        }
    }
}
