import Files

/// One step of cutting a text into words: what the step's pattern matches becomes a word, and so does what lies between
/// two matches. Later steps cut the words of earlier ones.
enum SplitRule: Sendable, Hashable {
    /// English contractions; letters, numbers or other characters with the space before them; spaces.
    case gpt2
    /// Contractions in any case; letters with the character before them; so many numbers at most; other characters
    /// with the line breaks after them; spaces up to line breaks; spaces. Combining marks may count as letters.
    case contractionsAndWords(numbersAtMost: Int, marksAreLetters: Bool = false)
    /// Letters with the character before them, cut where upper case follows lower case, and contractions in any case at
    /// their ends if wanted; so many numbers at most; other characters with the line breaks and slashes after them; spaces
    /// up to line breaks; spaces.
    case casedWords(numbersAtMost: Int, withContractions: Bool)
    /// DeepSeek-V3's words, when numbers and Chinese are cut off already.
    case deepSeekWords
    /// Each carriage return or line feed.
    case lineBreak
    /// Letters with the space before them.
    case letters
    /// Letters of scripts with case, as DeepSeek-LLM lists them, with the space before them.
    case casedLetters
    /// Punctuation with the space before it.
    case punctuation
    /// Signs of ASCII, their wide forms, quotation marks and Chinese punctuation with the space before them.
    case listedSigns
    /// Spaces at the end.
    case trailingSpaces
    /// Chinese and Korean, and all else from U+0800 to U+9FA5.
    case eastAsian
    /// Chinese and Japanese.
    case chineseAndKana
    /// Numbers, so many at most; all of a run if nil.
    case numbers(atMost: Int?)
    /// Punctuation and the signs `$+<=>^~|`.
    case punctuationAndSigns
    /// Three ASCII digits.
    case threeDigits

    /// Whether letters and a line break behind them are never in one word of this rule, nor of those after it.
    ///
    /// Rules before it, of which each takes a run of characters without line breaks, end before the line break or behind it.
    var cutsBeforeLineBreaks: Bool {
        switch self {
        case .gpt2, .contractionsAndWords, .casedWords, .deepSeekWords, .lineBreak: true
        case .letters, .casedLetters, .punctuation, .listedSigns, .trailingSpaces, .eastAsian, .chineseAndKana,
            .numbers,
            .punctuationAndSigns, .threeDigits:
            false
        }
    }

    /// The rule of a regular expression in a `tokenizer.json`.
    init?(pattern: ByteString) {
        guard let rule = Self.patterns[pattern] else { return nil }
        self = rule
    }

    private static let patterns: [ByteString: SplitRule] = {
        let patterns: [(String, SplitRule)] = [
            (SplitPatterns.gpt2, .gpt2),
            (SplitPatterns.llama3, .contractionsAndWords(numbersAtMost: 3)),
            (SplitPatterns.qwen2, .contractionsAndWords(numbersAtMost: 1)),
            (SplitPatterns.qwen35, .contractionsAndWords(numbersAtMost: 1, marksAreLetters: true)),
            (SplitPatterns.miniCPM5, .contractionsAndWords(numbersAtMost: .max)),
            (SplitPatterns.tekken, .casedWords(numbersAtMost: 1, withContractions: false)),
            (SplitPatterns.gpt4o, .casedWords(numbersAtMost: 3, withContractions: true)),
            (SplitPatterns.deepSeekWords, .deepSeekWords),
            (SplitPatterns.lineBreak, .lineBreak),
            (SplitPatterns.letters, .letters),
            (SplitPatterns.casedLetters, .casedLetters),
            (SplitPatterns.punctuation, .punctuation),
            (SplitPatterns.listedSigns, .listedSigns),
            (SplitPatterns.trailingSpaces, .trailingSpaces),
            (SplitPatterns.eastAsian, .eastAsian),
            (SplitPatterns.chineseAndKana, .chineseAndKana),
            ("\\p{N}", .numbers(atMost: 1)),
            ("\\p{N}{1,3}", .numbers(atMost: 3)),
            ("\\p{N}+", .numbers(atMost: nil)),
        ]
        var rules: [ByteString: SplitRule] = [:]
        for (pattern, rule) in patterns {
            rules[ByteString(pattern)] = rule
            // Some files hold the line breaks themselves instead of their escapes.
            rules[ByteString(pattern.replacing("\\r", with: "\r").replacing("\\n", with: "\n"))] = rule
        }
        return rules
    }()
}

/// The ways to cut a text into words that stock llama.cpp has a name for.
enum PreTokenizers {
    struct Known {
        var rules: [SplitRule]
        /// Whether a word that is a token is that token, whatever the merges say.
        var ignoresMerges = false
        /// The names of `tokenizer.ggml.pre`; the first one is written.
        var names: [String]
    }

    static let all: [Known] = [
        Known(
            rules: [.contractionsAndWords(numbersAtMost: 3)], ignoresMerges: true,
            names: [
                "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
                "jina-v5-nano",
                "glm4", "glm5",
            ]),
        Known(rules: [.contractionsAndWords(numbersAtMost: 3)], names: ["smaug-bpe", "dbrx", "chatglm-bpe"]),
        Known(
            rules: [.contractionsAndWords(numbersAtMost: 1)],
            names: [
                "qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez", "kormo", "f2llmv2", "grok-2",
                "solar-open",
            ]),
        Known(rules: [.contractionsAndWords(numbersAtMost: 1, marksAreLetters: true)], names: ["qwen35"]),
        Known(
            rules: [.numbers(atMost: 3), .contractionsAndWords(numbersAtMost: .max)], ignoresMerges: true,
            names: ["minicpm5"]),
        Known(
            rules: [.casedWords(numbersAtMost: 1, withContractions: false)], ignoresMerges: true, names: ["tekken"]),
        Known(
            rules: [.casedWords(numbersAtMost: 3, withContractions: true)],
            names: ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"]),
        Known(
            rules: [.gpt2],
            names: [
                "gpt-2", "phi-2", "mpt", "olmo", "jais", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de",
                "jina-v2-code", "roberta-bpe", "modern-bert", "gigachat", "a.x-4.0", "mellum", "exaone4", "trillion",
                "granite-docling",
            ]),
        Known(
            rules: [.numbers(atMost: 1), .gpt2],
            names: ["starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"]),
        Known(
            rules: [.lineBreak, .casedLetters, .listedSigns, .trailingSpaces, .eastAsian, .numbers(atMost: nil)],
            names: ["deepseek-llm"]),
        Known(
            rules: [.lineBreak, .letters, .punctuation, .eastAsian, .numbers(atMost: 1)], names: ["deepseek-coder"]),
        Known(
            rules: [.numbers(atMost: 3), .chineseAndKana, .deepSeekWords],
            names: ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"]),
        Known(
            rules: [.punctuationAndSigns, .gpt2, .numbers(atMost: nil), .threeDigits], names: ["default"]),
    ]

    static func named(_ name: String) -> Known? { all.first { $0.names.contains(name) } }

    static var names: String { Tokenizer.preTokenizerNames.joined(separator: ", ") }
}
