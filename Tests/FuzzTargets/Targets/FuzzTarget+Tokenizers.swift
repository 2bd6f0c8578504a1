import ByteJSON
import Files
import Foundation
import TestSupport
import Tokenizers

extension FuzzTarget {
    private static let tokenizerWords = [
        "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model", "vocab", "merges",
        "byte_fallback", "unk_token", "unk_id", "BPE", "Unigram", "WordPiece", "Replace", "Prepend", "Sequence",
        "Metaspace", "ByteLevel", "Split", "Digits", "Regex", "String", "pattern", "content", "special", "normalized",
        "lstrip", "rstrip", "single_word", "ByteFallback", "Fuse", "Strip", "TemplateProcessing", "NFC", "NFKC",
        "Precompiled", "precompiled_charsmap", "<0x0A>", "<0x-1>", "\u{2581}", "ignore_merges", "prepend_scheme",
        "individual_digits", "MergedWithNext", "Isolated", "use_regex", "add_prefix_space", "<s>", "</s>", "null",
    ]

    /// Tokenizers of checkpoints.
    static let tokenizers: [FuzzTarget] = [
        FuzzTarget("tokenizer.json", .json, words: tokenizerWords) { _ in
            let wanted = [
                "GPT2Tokenizer", "Qwen2Tokenizer", "T5Tokenizer", "TokenizersBackend, unigram, bytes, legacy True",
            ]
            let items = try golden("transformers_tokenizers_golden")["items"]?.array ?? []
            let written = items.filter { wanted.contains($0["name"]?.string ?? "") }
                .compactMap { $0["files"]?["tokenizer.json"]?.bytes?.bytes }
            let small =
                try golden("byte_level_golden")["variants"]?.array?.compactMap { $0["tokenizer"]?.bytes?.bytes }
                .filter { $0.count < 10_000 } ?? []
            return try written + small
                + fixtures("golden/torch/tokenizer.json", "models/random/tokenizer/tokenizer.json")
        } prepare: { workplace in
            let folder = try workplace.folder("tokenizer")
            return { bytes in
                try workplace.write(bytes, as: "tokenizer/tokenizer.json")
                try Use.tokenizer(Tokenizer(checkpointDirectory: folder))
            }
        },
        FuzzTarget(
            "tokenizer_config.json", .json,
            words: [
                "add_bos_token", "add_eos_token", "added_tokens_decoder", "bos_token", "eos_token", "unk_token",
                "pad_token", "chat_template", "tokenizer_class", "legacy", "content", "special", "name", "template",
                "default", "\"272\":", "\"-1\":", "\"9223372036854775807\":", "model_max_length", "add_prefix_space",
            ]
        ) { _ in
            let items = try golden("transformers_tokenizers_golden")["items"]?.array ?? []
            return try items.suffix(8).compactMap { $0["files"]?["tokenizer_config.json"]?.bytes?.bytes }
                + fixtures(
                    "golden/torch/tokenizer_config.json", "models/random/tokenizer/tokenizer_config.json",
                    "models/apus-xdan-tiny/tokenizer_config.json")
        } prepare: { workplace in
            let folder = try workplace.folder("tokenizer")
            try workplace.write(fixtures("golden/torch/tokenizer.json")[0], as: "tokenizer/tokenizer.json")
            return { bytes in
                try workplace.write(bytes, as: "tokenizer/tokenizer_config.json")
                try Use.tokenizer(Tokenizer(checkpointDirectory: folder, rowCount: 300))
            }
        },
        FuzzTarget("vocab.json", .text, words: ["{\"", "\":", ",", "#version: 0.2\n", "\u{120}", "<|endoftext|>"]) {
            _ in
            let folders = try golden("tokenizer_bytes_golden")["folders"]?.array ?? []
            return folders.compactMap { folder in
                guard let vocabulary = folder["files"]?["vocab.json"]?.bytes,
                    let merges = folder["files"]?["merges.txt"]?.bytes
                else { return nil }
                return PartedInput([vocabulary.bytes, merges.bytes]).bytes
            }
        } prepare: { workplace in
            let folder = try workplace.folder("tokenizer")
            try workplace.write(
                Array(#"{"tokenizer_class": "GPT2Tokenizer"}"#.utf8), as: "tokenizer/tokenizer_config.json")
            return { bytes in
                let parts = PartedInput(bytes).parts
                try workplace.write(parts[0], as: "tokenizer/vocab.json")
                try workplace.write(parts[parts.count - 1], as: "tokenizer/merges.txt")
                try Use.tokenizer(Tokenizer(checkpointDirectory: folder))
            }
        },
        FuzzTarget("tokenizer.model", .binary, words: ["<unk>", "<s>", "</s>", "<0x00>", "<0x-1>", "\u{2581}"]) { _ in
            let models = try golden("sentencepiece_golden")["models"]?.array ?? []
            return models.compactMap { $0["model"]?.string }.filter { $0.count < 20_000 }
                .compactMap { Data(base64Encoded: $0) }.map { Array($0) }
        } prepare: { workplace in
            let folder = try workplace.folder("tokenizer")
            return { bytes in
                try workplace.write(bytes, as: "tokenizer/tokenizer.model")
                try Use.tokenizer(Tokenizer(checkpointDirectory: folder))
            }
        },
    ]

    /// A file of cases under `Fixtures/golden`.
    static func golden(_ name: String) throws -> JSON {
        try JSON(parsing: Fixtures.decompressed("golden/\(name).json.zst"))
    }
}
