import Files
import GGUF
import Models
import Tokenizers

/// Whether the vocabulary of a GGUF makes a tokenizer, and what its keys say of tokens that there are.
struct VocabularyChecks {
    let file: GGUFFile
    /// The rows of the embedding; nil without one.
    let rowCount: Int?

    func findings() -> [Finding] {
        var findings = roleFindings() + kindFindings() + scoreFindings()
        do throws(TokenizationError) {
            let tokenizer = try Tokenizer(vocabulary: Vocabulary(metadata: file.metadata), file: file.path)
            if let rowCount, tokenizer.vocabulary.count > rowCount {
                let count = tokenizer.vocabulary.count
                throw TokenizationError(.moreTokensThanRows(tokenCount: count, rowCount: rowCount), file: file.path)
            }
        } catch {
            // One defect is told once, by the key where it is known.
            if findings.isEmpty { findings.append(Finding(.tokenizer, file: file.path, error.diagnostic)) }
        }
        return findings
    }

    private var tokenCount: Int { file.metadata["tokenizer.ggml.tokens"]?.array?.count ?? 0 }

    /// Roles of tokens are numbers of tokens.
    private func roleFindings() -> [Finding] {
        file.metadata.entries.compactMap { entry in
            let (name, value) = (entry.key.description, entry.value)
            guard name.hasPrefix("tokenizer.ggml."), name.hasSuffix("_token_id") else { return nil }
            guard let id = value.integer else {
                return finding(name, "the value is of type \(value.typeName), a whole number expected")
            }
            // llama.cpp takes all ones for "none".
            guard !(0..<tokenCount).contains(id), id != Int(UInt32.max), id != -1 else { return nil }
            return finding(name, "token \(id), of a vocabulary of \(tokenCount)")
        }
    }

    private func kindFindings() -> [Finding] {
        let key = "tokenizer.ggml.token_type"
        guard let kinds = file.metadata.integers(ByteString(key)),
            let index = kinds.firstIndex(where: { !TokenKind.allCases.map { Int($0.rawValue) }.contains($0) })
        else { return [] }
        return [finding(key, "token \(index) is of kind \(kinds[index]), expected 0 to 6")]
    }

    private func scoreFindings() -> [Finding] {
        let key = "tokenizer.ggml.scores"
        guard let scores = file.metadata.floats(ByteString(key)),
            let index = scores.firstIndex(where: { !$0.isFinite })
        else { return [] }
        return [finding(key, "the score of token \(index) is \(scores[index]), a finite number expected")]
    }

    private func finding(_ key: String, _ problem: String) -> Finding {
        Finding(.tokenizer, file: file.path, subject: "key \"\(key)\"", problem)
    }
}
