import ByteJSON
import Files

/// What a family's configuration class takes for keys that `config.json` leaves out.
typealias ConfigurationDefaults = [ByteString: JSON]

/// The defaults of transformers 5 (`LlamaConfig`, `MistralConfig`, `MixtralConfig`) and of the configuration that XVERSE
/// publishes beside its weights.
enum ConfigurationDefaultsTables {
    static let llama: ConfigurationDefaults = [
        "vocab_size": .integer(32_000), "hidden_size": .integer(4096), "intermediate_size": .integer(11_008),
        "num_hidden_layers": .integer(32), "num_attention_heads": .integer(32),
        "max_position_embeddings": .integer(2048), "rms_norm_eps": .number(1e-6), "rope_theta": .integer(10_000),
    ]

    static let mistral: ConfigurationDefaults = [
        "vocab_size": .integer(32_000), "hidden_size": .integer(4096), "intermediate_size": .integer(14_336),
        "num_hidden_layers": .integer(32), "num_attention_heads": .integer(32), "num_key_value_heads": .integer(8),
        "max_position_embeddings": .integer(131_072), "rms_norm_eps": .number(1e-6), "rope_theta": .integer(10_000),
        "sliding_window": .integer(4096),
    ]

    static let mixtral: ConfigurationDefaults = [
        "vocab_size": .integer(32_000), "hidden_size": .integer(4096), "intermediate_size": .integer(14_336),
        "num_hidden_layers": .integer(32), "num_attention_heads": .integer(32), "num_key_value_heads": .integer(8),
        "max_position_embeddings": .integer(131_072), "rms_norm_eps": .number(1e-5), "rope_theta": .integer(1_000_000),
        "num_local_experts": .integer(8), "num_experts_per_tok": .integer(2),
    ]

    /// The values of XVERSE-13B.
    static let xverse: ConfigurationDefaults = [
        "vocab_size": .integer(100_278), "hidden_size": .integer(5120), "intermediate_size": .integer(13_824),
        "num_hidden_layers": .integer(40), "num_attention_heads": .integer(40),
        "max_position_embeddings": .integer(8192), "rms_norm_eps": .number(1e-6), "rope_theta": .integer(10_000),
    ]

    /// Sizes are not among them: they differ from model to model and all publish them.
    static let xverseMoE: ConfigurationDefaults = [
        "num_experts": .integer(64), "moe_top_k": .integer(6), "num_shared_experts": .integer(2),
        "rope_theta": .integer(10_000),
    ]
}
