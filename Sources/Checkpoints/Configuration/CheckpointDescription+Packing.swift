import ByteJSON
import Files
import FoundationEssentials

extension CheckpointDescription {
    /// Who packed the weights into something else than a number for each; nil if nobody did.
    ///
    /// `quantization_config` says it, or the tensors' names do.
    var packing: String? {
        get throws {
            if let method = try configuration.quantizationMethod {
                return Self.readableMethods.contains(method) ? nil : method
            }
            return Self.signs.first { sign in tensors?.tensors.contains { $0.name.hasSuffix(sign.suffix) } ?? false }?
                .method
        }
    }

    /// Methods whose weights are read, so that an error is about something else.
    private static let readableMethods: Set<String> = ["fp8", "fbgemm_fp8", "compressed-tensors (float-quantized)"]

    /// Endings of the names of tensors that only packed weights have.
    private static let signs: [(suffix: String, method: String)] = [
        (".qweight", "GPTQ or AWQ (its tensors are named qweight)"),
        (".weight_packed", "compressed-tensors (its tensors are named weight_packed)"),
        (".weight.absmax", "bitsandbytes (its tensors are named weight.absmax)"),
        (".SCB", "bitsandbytes (its tensors are named SCB)"),
        (".W_q", "HQQ (its tensors are named W_q)"),
    ]
}

extension CheckpointConfiguration {
    /// What `quantization_config` names, with its format if it has several; nil if nothing is quantized.
    fileprivate var quantizationMethod: String? {
        get throws {
            let keys: [ByteString] = ["quantization_config", "compression_config"]
            guard let key = keys.first(where: has), let section = try section(key) else { return nil }
            guard let method = try section.string("quant_method") else {
                let isBitsAndBytes = ["load_in_4bit", "load_in_8bit"].contains { section.has($0) }
                return isBitsAndBytes ? "bitsandbytes" : nil
            }
            return try section.string("format").map { "\(method) (\($0))" } ?? method
        }
    }
}
