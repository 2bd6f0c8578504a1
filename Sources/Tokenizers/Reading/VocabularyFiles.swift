import ByteJSON
import Files

/// The older form of byte-level tokenizers: `vocab.json` and `merges.txt`, without a `tokenizer.json`.
///
/// How they split words is in neither; the tokenizer's class says it.
enum VocabularyFiles {
    /// The `tokenizer.json` that HuggingFace's tokenizer of that class makes of the two files.
    /// - Parameters:
    ///   - configuration: `tokenizer_config.json`.
    ///   - isNamed: whether the caller says how words are split.
    static func definition(
        vocabulary: JSON, merges: [UInt8], configuration: JSON, isNamed: Bool
    ) throws(TokenizationError) -> JSON {
        let name = configuration["tokenizer_class"]?.string
        let normalizer: JSON
        let preTokenizer: JSON
        switch name {
        case "GPT2Tokenizer", "GPT2TokenizerFast":
            normalizer = .null
            preTokenizer = byteLevel(
                addsSpacePrefix: configuration["add_prefix_space"]?.bool == true, splits: true)
        case "Qwen2Tokenizer", "Qwen2TokenizerFast":
            normalizer = object([("type", .string("NFC"))])
            let pattern = object([("Regex", .string(ByteString(SplitPatterns.qwen2)))])
            let split = object([
                ("type", .string("Split")), ("pattern", pattern), ("behavior", .string("Isolated")),
                ("invert", .bool(false)),
            ])
            preTokenizer = object([
                ("type", .string("Sequence")),
                ("pretokenizers", .array([split, byteLevel(addsSpacePrefix: false, splits: false)])),
            ])
        default:
            guard isNamed else { throw TokenizationError(.vocabularyFilesAlone(tokenizerClass: name)) }
            normalizer = .null
            preTokenizer = byteLevel(addsSpacePrefix: false, splits: true)
        }
        return object([
            ("version", .string("1.0")), ("added_tokens", try endOfText(vocabulary)), ("normalizer", normalizer),
            ("pre_tokenizer", preTokenizer), ("decoder", object([("type", .string("ByteLevel"))])),
            (
                "model",
                object([("type", .string("BPE")), ("vocab", vocabulary), ("merges", .array(lines(of: merges)))])
            ),
        ])
    }

    /// Both classes take this token for a special one, whatever the files say.
    private static func endOfText(_ vocabulary: JSON) throws(TokenizationError) -> JSON {
        let name: ByteString = "<|endoftext|>"
        guard vocabulary.object != nil else { throw TokenizerDefinition.malformed("vocab.json", "an object") }
        guard let id = vocabulary[name] else { return .array([]) }
        return .array([
            object([
                ("id", id), ("content", .string(name)), ("normalized", .bool(false)), ("special", .bool(true)),
            ])
        ])
    }

    /// The merges, less the line that tells the version.
    private static func lines(of merges: [UInt8]) -> [JSON] {
        merges.split { $0 == 0x0a || $0 == 0x0d }
            .filter { !$0.starts(with: "#version".utf8) }.map { .string(ByteString($0)) }
    }

    private static func byteLevel(addsSpacePrefix: Bool, splits: Bool) -> JSON {
        object([
            ("type", .string("ByteLevel")), ("add_prefix_space", .bool(addsSpacePrefix)), ("use_regex", .bool(splits)),
        ])
    }

    private static func object(_ members: [(key: ByteString, value: JSON)]) -> JSON { .object(JSONObject(members)) }
}
