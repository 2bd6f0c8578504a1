import Files
import GGUF
import Tokenizers

/// What stock llama.cpp takes for granted of a vocabulary where its GGUF has no key for it, by `tokenizer.ggml.model` and
/// `tokenizer.ggml.pre` (llama.cpp, src/llama-vocab.cpp, `llama_vocab::impl::load`).
///
/// Left out is whether spaces before punctuation are cleaned out of a decoded text (`clean_spaces`): no key says it, and
/// it changes no tokens. Which names let a word that is a token be that token, whatever the merges say, is the
/// concern of the names of pre-tokenizers.
struct VocabularyDefaults {
    var addsBOS = false
    var addsEOS = false
    /// Nil where nothing is said of pairs, which are separated nowhere then.
    var separatesPairs: Bool?
    var addsSpacePrefix = false
    var specials = SpecialTokens()

    init(model: String, pre: String) {
        switch model {
        case "llama":
            (addsBOS, addsSpacePrefix) = (true, true)
            specials = SpecialTokens(bos: 1, eos: 2, unknown: 0)
        case "t5":
            addsEOS = true
            specials = SpecialTokens(eos: 1, pad: 0, unknown: 2)
        case "gpt2":
            addsBOS = Self.namesWithBOS.contains(pre)
            separatesPairs = Self.namesWithSeparator.contains(pre) ? true : nil
            specials = SpecialTokens(bos: Self.namesWithoutBOSToken.contains(pre) ? nil : 11, eos: 11)
        default: break
        }
    }

    private static let namesWithBOS: Set<String> = [
        "chameleon", "falcon-h1", "falcon3", "jina-v5-nano", "lfm2", "llama-bpe", "llama-v3", "llama3", "midm-2.0",
        "pixtral", "tekken",
    ]
    private static let namesWithSeparator: Set<String> = ["jina-v1-en", "jina-v2-code", "roberta-bpe"]
    private static let namesWithoutBOSToken: Set<String> = ["chatglm-bpe", "glm4", "glm5"]
}

extension SpecialTokens {
    /// The roles that a GGUF's metadata gives: an id without a token counts as if the key were not there, and a default
    /// without a token as none.
    init(_ metadata: GGUFMetadata, defaults: SpecialTokens, tokenCount: Int) {
        func id(_ role: String, _ otherwise: TokenID?) -> TokenID? {
            let said = metadata.integer(ByteString("tokenizer.ggml.\(role)_token_id"))
            return [said, otherwise.map(Int.init)].compactMap { $0 }.first { (0..<tokenCount).contains($0) }
                .flatMap(TokenID.init(exactly:))
        }
        self.init(
            bos: id("bos", defaults.bos), eos: id("eos", defaults.eos), pad: id("padding", defaults.pad),
            unknown: id("unknown", defaults.unknown))
    }
}
