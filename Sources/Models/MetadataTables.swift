import Files

/// What the keys of a model's file hold, as llama.cpp reads them and its converter writes them.
///
/// The types are those of gguf-py's `gguf_writer.py` in llama-cpp-python 0.3.36, October 2026.
enum MetadataTables {
    /// What a key holds.
    enum Kind: Sendable, Equatable {
        case uint32, int32, float32, bool, string, strings
        /// The number of a token of the vocabulary.
        case token
        /// What tensors are padded to.
        case alignment
    }

    /// Who decides a key's value.
    enum Owner: Sendable, Equatable {
        /// The writer of the file.
        case file
        /// The weights, whose shapes follow from it.
        case weights
        case tokenizer
        case swage
    }

    /// Nil for keys that no standard names.
    static func kind(of key: ByteString, architecture: String) -> Kind? {
        if let kind = kinds[key] { return kind }
        guard let name = key.string else { return nil }
        if let kind = architectureKinds[name.suffix(after: architecture + ".") ?? ""] { return kind }
        if name.hasPrefix("tokenizer.chat_template.") { return .string }
        if name.hasPrefix("tokenizer.ggml."), name.hasSuffix("_token_id") { return .token }
        for list in ["general.base_model.", "general.dataset."] {
            let parts = name.suffix(after: list)?.split(separator: ".", omittingEmptySubsequences: false)
            if let parts, parts.count == 2, UInt32(parts[0]) != nil, sourceFields.contains(String(parts[1])) {
                return .string
            }
        }
        return nil
    }

    /// Nil for keys that are the user's to set.
    static func owner(of key: ByteString, architecture: String) -> Owner? {
        guard let name = key.string else { return nil }
        if fileKeys.contains(name) || name.hasPrefix("split.") { return .file }
        if name.hasPrefix("swage.") { return .swage }
        if tokenizerKeys.contains(name) { return .tokenizer }
        return name.suffix(after: architecture + ".").map(weightKeys.contains) == true ? .weights : nil
    }

    private static let fileKeys: Set<String> = [
        "general.architecture", "general.type", "general.file_type", "general.quantization_version",
    ]

    private static let tokenizerKeys: Set<String> = [
        "tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.scores",
        "tokenizer.ggml.merges", "tokenizer.ggml.token_type", "tokenizer.ggml.token_type_count",
        "tokenizer.ggml.precompiled_charsmap",
    ]

    private static let weightKeys: Set<String> = [
        "block_count", "embedding_length", "vocab_size", "attention.head_count", "attention.head_count_kv",
        "attention.key_length", "attention.value_length", "rope.dimension_count", "feed_forward_length",
        "expert_count", "expert_shared_count", "expert_feed_forward_length", "expert_shared_feed_forward_length",
        "leading_dense_block_count",
    ]

    private static let sourceFields: Set<String> = [
        "name", "author", "version", "organization", "description", "url", "doi", "uuid", "repo_url",
    ]

    private static let kinds: [ByteString: Kind] = table([
        (
            .string,
            """
            general.architecture general.type general.name general.author general.version general.organization
            general.finetune general.basename general.description general.quantized_by general.size_label
            general.license general.license.name general.license.link general.url general.doi general.uuid
            general.repo_url general.source.url general.source.doi general.source.uuid general.source.repo_url
            general.sampling.sequence tokenizer.chat_template tokenizer.ggml.model tokenizer.ggml.pre
            tokenizer.huggingface.json
            """
        ),
        (.strings, "general.tags general.languages tokenizer.chat_templates"),
        (
            .uint32,
            """
            general.file_type general.quantization_version general.base_model.count general.dataset.count
            tokenizer.ggml.token_type_count
            """
        ),
        (.int32, "general.sampling.top_k general.sampling.penalty_last_n general.sampling.mirostat"),
        (
            .float32,
            """
            general.sampling.top_p general.sampling.min_p general.sampling.temp general.sampling.penalty_repeat
            general.sampling.xtc_probability general.sampling.xtc_threshold general.sampling.mirostat_tau
            general.sampling.mirostat_eta
            """
        ),
        (
            .bool,
            """
            tokenizer.ggml.add_bos_token tokenizer.ggml.add_eos_token tokenizer.ggml.add_sep_token
            tokenizer.ggml.add_space_prefix tokenizer.ggml.remove_extra_whitespaces
            tokenizer.ggml.normalizer.lowercase tokenizer.ggml.normalizer.strip_accents
            """
        ),
        (.alignment, "general.alignment"),
    ]) { ByteString($0) }

    /// By what follows the architecture's name.
    private static let architectureKinds: [String: Kind] = table([
        (
            .uint32,
            """
            block_count context_length embedding_length vocab_size attention.head_count attention.head_count_kv
            attention.key_length attention.value_length attention.sliding_window attention.temperature_length
            rope.dimension_count rope.scaling.original_context_length feed_forward_length expert_count
            expert_used_count expert_shared_count expert_group_count expert_group_used_count expert_gating_func
            expert_feed_forward_length expert_shared_feed_forward_length leading_dense_block_count
            moe_every_n_layers interleave_moe_layer_step nextn_predict_layers pooling_type
            """
        ),
        (
            .float32,
            """
            attention.layer_norm_epsilon attention.layer_norm_rms_epsilon attention.clamp_kqv attention.scale
            attention.max_alibi_bias attention.output_scale attention.value_scale attention.temperature_scale
            attn_logit_softcapping final_logit_softcapping router_logit_softcapping logit_scale residual_scale
            embedding_scale expert_weights_scale expert_group_scale rope.freq_base rope.freq_base_swa
            rope.scale_linear rope.scaling.factor rope.scaling.attn_factor rope.scaling.alpha
            rope.scaling.yarn_attn_factor rope.scaling.yarn_beta_fast rope.scaling.yarn_beta_slow
            rope.scaling.yarn_ext_factor rope.scaling.yarn_log_multiplier
            """
        ),
        (.bool, "attention.causal expert_weights_norm rope.scaling.finetuned use_parallel_residual"),
        (.string, "rope.scaling.type tensor_data_layout hidden_activation"),
    ]) { $0 }

    private static func table<Key: Hashable>(
        _ lists: [(kind: Kind, names: String)], _ key: (String) -> Key
    ) -> [Key: Kind] {
        var table: [Key: Kind] = [:]
        for list in lists {
            for name in list.names.split(whereSeparator: \.isWhitespace) { table[key(String(name))] = list.kind }
        }
        return table
    }
}

extension String {
    /// What follows `prefix`; nil if the text does not begin with it.
    fileprivate func suffix(after prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
