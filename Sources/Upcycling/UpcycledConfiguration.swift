import ByteJSON
import Checkpoints
import Files
import Tensors

/// The `config.json` of an upcycled checkpoint: the dense one's keys, with what its class takes for those that it leaves out,
/// and the keys of the new family.
public struct UpcycledConfiguration: Sendable {
    /// The keys and their values.
    public let object: JSONObject

    /// Keys that say how the dense weights were stored, or where the code of their class is.
    private static let droppedKeys: Set<ByteString> = ["quantization_config", "compression_config", "auto_map"]
    private static let typeKeys: [ByteString] = ["torch_dtype", "dtype"]

    /// The configuration of a plan.
    ///
    /// - Parameters:
    ///   - checkpoint: The dense checkpoint.
    ///   - plan: What it becomes.
    ///   - tensors: The result's tensors, most of whose bytes decide the type that is named.
    public init(_ checkpoint: Checkpoint, _ plan: UpcyclingPlan, tensors: [TensorDescriptor]) {
        let dense = checkpoint.configuration
        let decoder = plan.decoder
        var changes: [(key: ByteString, value: JSON)] = [
            ("architectures", .array([.string(ByteString(plan.form.className))])),
            ("hidden_size", .integer(decoder.embeddingLength)),
            ("intermediate_size", .integer(plan.length)),
            ("num_hidden_layers", .integer(decoder.layerCount)),
            ("num_attention_heads", .integer(decoder.attention.headCount)),
            ("num_key_value_heads", .integer(decoder.attention.keyValueHeadCount)),
            ("vocab_size", .integer(decoder.vocabularySize)),
            ("tie_word_embeddings", dense["tie_word_embeddings"] ?? .bool(false)),
            ("sliding_window", dense["sliding_window"] ?? .null),
            (
                Self.typeKeys.first { dense[$0] != nil } ?? Self.typeKeys[0],
                .string(ByteString(Self.typeName(of: tensors)))
            ),
            ("output_router_logits", .bool(false)),
        ]
        let options = plan.options
        switch plan.form {
        case .xverseMoE:
            changes += [
                ("model_type", .string("xverse")),
                (
                    "auto_map",
                    .object(
                        JSONObject([
                            ("AutoConfig", .string("configuration_xverse.XverseConfig")),
                            ("AutoModelForCausalLM", .string("modeling_xverse.XverseForCausalLM")),
                        ]))
                ),
                ("num_experts", .integer(options.expertCount)), ("num_shared_experts", .integer(options.sharedCount)),
                ("moe_top_k", .integer(options.usedCount)), ("norm_topk_prob", .bool(true)),
                ("router_aux_loss_coef", .number(0.01)),
            ]
        case .mixtral:
            changes += [
                ("model_type", .string("mixtral")), ("num_local_experts", .integer(options.expertCount)),
                ("num_experts_per_tok", .integer(options.usedCount)), ("router_aux_loss_coef", .number(0.001)),
            ]
        }
        let changed = Dictionary(uniqueKeysWithValues: changes)
        let kept = dense.members.filter { changed[$0.key] != nil || !Self.droppedKeys.contains($0.key) }
            .filter { plan.form == .xverseMoE || $0.key != "num_experts" }
        let isThere = Set(kept.map(\.key))
        object = JSONObject(
            kept.map { ($0.key, changed[$0.key] ?? $0.value) } + changes.filter { !isThere.contains($0.key) })
    }

    /// The text of the file.
    public var text: [UInt8] { JSON.object(object).serialized(indentation: 2) + [UInt8(ascii: "\n")] }

    private static func typeName(of tensors: [TensorDescriptor]) -> String {
        var bytes: [TensorType: Int] = [:]
        for tensor in tensors { bytes[tensor.type, default: 0] += tensor.byteCount }
        let types: [(TensorType, String)] = [(.bf16, "bfloat16"), (.f16, "float16"), (.f32, "float32")]
        return types.max { bytes[$0.0, default: 0] < bytes[$1.0, default: 0] }!.1
    }
}
