import ByteJSON
import Files
import Foundation
import TestSupport
import Tokenizers

/// The text of a small `tokenizer.json`, to be damaged at one place.
struct SmallTokenizer {
    static let byteNames = (0..<256).map { byte in
        "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
    }

    /// Pieces by their ids: `<s>` 0, `</s>` 1, the bytes 2 to 257, then characters.
    var vocabulary: [(String, String)] =
        (["<s>", "</s>"] + byteNames + ["\u{2581}", "\\n", "a", "b", "c", "1", "ab", "abc", "\u{2581}a"])
        .enumerated().map { ($1, "\($0)") }
    var merges = #"[["a", "b"], ["ab", "c"], ["▁", "a"]]"#
    var addedTokens = ["<s>", "</s>"].enumerated().map { Self.added($0, $1) }
    var normalizer = #"{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#
    var preTokenizer = """
        {"type": "Sequence", "pretokenizers": [
          {"type": "Split", "pattern": {"Regex": "▁"}, "behavior": "MergedWithNext", "invert": false},
          {"type": "Split", "pattern": {"Regex": "\\\\n+"}, "behavior": "Isolated", "invert": false},
          {"type": "Digits", "individual_digits": true}]}
        """
    var decoder = """
        {"type": "Sequence", "decoders": [
          {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]}
        """
    var postProcessor = "null"
    /// Further members of the model, replacing those with the same key.
    var model: [String: String] = [:]
    /// Further members of the whole.
    var root: [String: String] = [:]
    /// Other files of the checkpoint.
    var files: [String: String] = [:]

    static func added(_ id: Int, _ content: String, special: Bool = true, flags: String = "") -> String {
        #"{"id": \#(id), "content": "\#(content)", "special": \#(special), "normalized": false\#(flags)}"#
    }

    var json: String {
        var model = [
            "type": "\"BPE\"", "byte_fallback": "true", "merges": merges,
            "vocab": "{" + vocabulary.map { "\"\($0)\": \($1)" }.joined(separator: ",") + "}",
        ]
        model.merge(self.model) { $1 }
        var root = [
            "version": "\"1.0\"", "added_tokens": "[\(addedTokens.joined(separator: ","))]", "normalizer": normalizer,
            "pre_tokenizer": preTokenizer, "post_processor": postProcessor, "decoder": decoder,
            "model": Self.object(model),
        ]
        root.merge(self.root) { $1 }
        return Self.object(root)
    }

    private static func object(_ members: [String: String]) -> String {
        "{" + members.map { "\"\($0)\": \($1)" }.joined(separator: ",") + "}"
    }

    func load() throws -> Tokenizer { try Fixtures.tokenizer(ByteString(json), files: files) }

    /// What is wrong with it; nil if it loads.
    func problem() throws -> TokenizationError.Kind? {
        do {
            _ = try load()
            return nil
        } catch let error as TokenizationError {
            return error.kind
        }
    }
}
