import ByteJSON
import Checkpoints
import Files
import Models
import Parallelism
import Pipelines
import Runtime
import SafetensorsIO
import TestSupport

/// A bundled trained model, and what PyTorch computes with it in float32.
struct ReferenceModel: Sendable, CustomStringConvertible {
    let name: String

    static let xverseMoE = ReferenceModel(name: "xverse-moe-tiny")
    /// Grouped-query attention, byte-level BPE.
    static let xverseEnt = ReferenceModel(name: "xverse-ent-tiny")
    /// Mixtral: no shared experts, SentencePiece.
    static let apusXDAN = ReferenceModel(name: "apus-xdan-tiny")
    static let all = [xverseMoE, xverseEnt, apusXDAN]

    var path: String { Fixtures.path("models/\(name)") }

    var description: String { name }

    func forwardPass(_ padding: ExpertPadding = .auto, threads: Int? = nil) throws -> ForwardPass {
        try Model.open(path, expertPadding: padding).forwardPass(Parallel(threadCount: threads))
    }

    /// `reference.json`: perplexities and greedy continuations.
    func reference() throws -> JSON { try JSON(contentsOf: path + "/reference.json") }

    /// A float32 tensor of `logits.safetensors` as rows.
    func rows(_ name: String) throws -> [[Float]] {
        try SafetensorsFile(path: path + "/logits.safetensors").rows(of: name)
    }

    /// The 64 token ids of the `en` or `zh` prompt.
    func prompt(_ language: String) throws -> TokenSequence {
        let ids = try reference()["logit_prompts"]?[ByteString(language)]?["input_ids"]?.array ?? []
        return ids.compactMap { $0.integer.map(Int32.init) }
    }

    /// All logits of a prompt, one row per token.
    static func logits(_ pass: ForwardPass, _ prompt: TokenSequence) throws -> [[Float]] {
        let hidden = try pass.run([prompt])
        let rows = LogitRows(count: prompt.count)
        try pass.logits(of: Array(0..<prompt.count), in: hidden) { rows.set($0, Array($1)) }
        return rows.values
    }
}

extension SafetensorsFile {
    /// A float32 matrix as rows.
    func rows(of name: String) throws -> [[Float]] {
        let tensor = tensor(named: name)!
        let values = try tensor.floats()
        let columns = tensor.descriptor.shape[1]
        return stride(from: 0, to: values.count, by: columns).map { Array(values[$0..<$0 + columns]) }
    }
}
