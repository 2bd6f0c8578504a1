import GGUF
import Models
import ModelArchitecture
import Tokenizers

/// What a model computes with its weights, and makes of texts, beside the original.
struct ComputationComparison {
    let model: Model
    let original: Model

    /// Keys that change no weight's part in the computation, or whose values grow by padding.
    private static let freeKeys = ["context_length", "feed_forward_length", "expert_feed_forward_length"]

    func findings() -> [Finding] {
        let (found, expected) = (model.plan.metadata, original.plan.metadata)
        var findings: [Finding] = []
        for entry in expected.entries where found[entry.key] != entry.value {
            let name = entry.key.description
            guard !Self.freeKeys.contains(where: name.hasSuffix) else { continue }
            findings.append(finding("key \"\(name)\"", Self.text(found[entry.key]), Self.text(entry.value)))
        }
        for entry in found.entries where expected[entry.key] == nil {
            findings.append(finding("key \"\(entry.key)\"", Self.text(entry.value), "not given"))
        }
        let identities = [model, original].map { TokenizerIdentity($0.tokenizer) }
        if let part = identities[0].difference(from: identities[1]) {
            findings.append(
                Finding(.origin, file: model.path, subject: "tokenizer", "\(part.rawValue): not as in the original"))
        }
        return findings
    }

    func notes() -> [String] {
        let templates = [model, original].map(\.tokenizer.vocabulary.chatTemplate)
        return (templates[0] == templates[1] ? [] : ["the chat template is not that of the original"])
            + (model.plan.contextLength == original.plan.contextLength
                ? []
                : ["the context is \(model.plan.contextLength) tokens, the original's \(original.plan.contextLength)"])
    }

    private func finding(_ key: String, _ found: String, _ expected: String) -> Finding {
        Finding(.origin, file: model.path, subject: key, "\(found), the original's is \(expected)")
    }

    private static func text(_ value: GGUFValue?) -> String {
        switch value {
        case nil: "not given"
        case .string(let bytes): bytes.description
        case .bool(let flag): "\(flag)"
        case .float32(let number): "\(number)"
        case .some(let value): value.integer.map(String.init) ?? "\(value)"
        }
    }
}
