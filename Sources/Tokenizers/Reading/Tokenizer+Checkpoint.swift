import ByteJSON
import Files
import Platform

extension Tokenizer {
    /// Reads the tokenizer of a HuggingFace checkpoint.
    ///
    /// `tokenizer.json` says what the tokens are, and `tokenizer.model` their scores if it is there too; alone, it says
    /// both. The roles come from the first that gives them: names in
    /// `tokenizer_config.json`, then `special_tokens_map.json`; ids in `generation_config.json`, then `config.json`.
    /// Whether BOS and EOS are added: the post-processor of `tokenizer.json` says both if there is one, else
    /// `add_bos_token` and `add_eos_token` of `tokenizer_config.json`. Where `tokenizer.json` marks spaces in a way
    /// that is not known here, a `tokenizer.model` beside it stands for both, as in llama.cpp's converter. The
    /// conversation format: `chat_template.jinja`, else `chat_template` of `tokenizer_config.json` (of several the one
    /// named `default`), else that of the older `chat_template.json`.
    ///
    /// Tokens that only `added_tokens_decoder` of `tokenizer_config.json` lists are added. Without a `tokenizer.json`,
    /// `vocab.json` and `merges.txt` are read as GPT-2's and Qwen2's tokenizers do.
    /// - Parameters:
    ///   - path: the path of the checkpoint directory.
    ///   - preTokenizer: for byte-level vocabularies, the name under `tokenizer.ggml.pre` that stock llama.cpp has for
    ///     the way words are split, one of ``preTokenizerNames`` or another name of the same, whatever the pattern; nil
    ///     to recognize it by the pattern.
    ///   - rowCount: the number of rows of the embedding: tokens beyond are left out. Nil keeps all.
    /// - Throws: `TokenizationError`, `JSONError` or `FileError`, naming the file.
    public init(checkpointDirectory path: String, preTokenizer: String? = nil, rowCount: Int? = nil) throws {
        let file = path + "/tokenizer.json"
        let configuration = try TokenizerConfiguration(directory: path)
        guard
            let json = try TokenizerConfiguration.ifPresent({ try JSON(contentsOf: file, limit: .tokenizer) })
                ?? configuration.vocabularyFiles(path, isNamed: preTokenizer != nil)
        else {
            self = try Self(modelFile: path + "/tokenizer.model", configuration, missing: file, rowCount: rowCount)
            if let preTokenizer { throw Self.isNotByteLevel(preTokenizer, file: path + "/tokenizer.model") }
            return
        }
        var mayHaveModel = false
        do {
            var definition = try TokenizerDefinition(json)
            definition.preTokenizerName = preTokenizer
            try configuration.complete(&definition)
            let warnings = rowCount.map { definition.keep(rowCount: $0) } ?? []
            let family = try TokenizerFamilies.family(of: definition)
            mayHaveModel = family.hasSentencePieceModel
            if let preTokenizer, !family.hasPreTokenizers { throw Self.isNotByteLevel(preTokenizer, file: file) }
            var parts = try family.parts(of: definition)
            let found = try configuration.apply(
                to: &parts.vocabulary, hasPostProcessor: !definition.postProcessors.isEmpty)
            parts.remarks += found.remarks
            self.init(parts)
            warn(warnings + found.warnings, file: file)
            guard mayHaveModel else { return }
        } catch let error as TokenizationError {
            let error = TokenizationError(error.kind, file: error.file ?? file)
            guard mayHaveModel, error.isAboutSpaces,
                let model = try TokenizerConfiguration.sentencePieceModel(path + "/tokenizer.model")
            else { throw error }
            try self.init(
                model, insteadOf: json, configuration, rowCount: rowCount, file: path + "/tokenizer.model")
            remark(["\(error.diagnostic.place ?? file): \(error.diagnostic.problem); tokenizer.model is used instead"])
            return
        }
        if var model = try TokenizerConfiguration.sentencePieceModel(path + "/tokenizer.model") {
            var added = try configuration.addedPieces()
            _ = model.keep(rowCount: rowCount, adding: &added)
            try adopt(model, adding: added, file: path + "/tokenizer.model")
        }
    }

    /// The names of the files of a checkpoint that ``init(checkpointDirectory:preTokenizer:rowCount:)`` reads if they
    /// exist.
    public static let checkpointFileNames = [
        "added_tokens.json", "chat_template.jinja", "chat_template.json", "config.json", "generation_config.json",
        "merges.txt", "special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
        "vocab.json",
    ]

    /// The names, as Swage writes them, of the ways of splitting words that stock llama.cpp has a name for.
    public static let preTokenizerNames = PreTokenizers.all.map { $0.names[0] }

    /// Whether a name is known as a value of `tokenizer.ggml.pre`.
    public static func hasPreTokenizer(named name: String) -> Bool { PreTokenizers.named(name) != nil }

    private static func isNotByteLevel(_ preTokenizer: String, file: String) -> TokenizationError {
        TokenizationError(
            .unsupported(
                part: "the pre-tokenizer's name", found: "\"\(preTokenizer)\" for a vocabulary without one",
                supported: "a name for byte-level vocabularies only"), file: file)
    }

    /// The tokenizer of a SentencePiece model alone.
    private init(
        modelFile: String, _ configuration: TokenizerConfiguration, missing file: String, rowCount: Int?
    ) throws {
        guard var model = try TokenizerConfiguration.sentencePieceModel(modelFile) else {
            throw FileError(.system(operation: "open", errno: ENOENT), path: file)
        }
        do throws(TokenizationError) {
            var added = try configuration.addedPieces()
            let warnings = model.keep(rowCount: rowCount, adding: &added)
            try self.init(
                model.vocabulary(adding: added), configuration, hasPostProcessor: false, warnings, file: modelFile)
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? modelFile)
        }
    }

    /// The tokenizer of a SentencePiece model in place of a `tokenizer.json` that was made of it: of that the added
    /// tokens and the post-processor count, and both must have the same pieces.
    private init(
        _ model: SentencePieceModel, insteadOf json: JSON, _ configuration: TokenizerConfiguration, rowCount: Int?,
        file: String
    ) throws {
        do throws(TokenizationError) {
            var model = model
            var definition = try TokenizerDefinition(json)
            try configuration.complete(&definition)
            var added = definition.addedTokens.map {
                AddedPiece(id: $0.id, content: $0.content, isSpecial: $0.isSpecial)
            }
            let warnings = model.keep(rowCount: rowCount, adding: &added)
            var vocabulary = try model.vocabulary(adding: added)
            guard let members = definition.model["vocab"]?.object else {
                throw TokenizerDefinition.malformed("model.vocab", "an object")
            }
            let table = try definition.pieces(members).0
            let known = Set(added.map(\.id))
            for (id, piece) in model.pieces.enumerated() where !known.contains(id) {
                let other = id < table.pieces.count ? table.pieces[id] : ""
                guard other == piece.text else {
                    throw TokenizationError(.piecesDisagree(TokenID(id), other, inModel: piece.text))
                }
            }
            if !definition.postProcessors.isEmpty {
                let affixes = try definition.affixes(table)
                vocabulary.specials.bos = affixes.prefix ?? vocabulary.specials.bos
                vocabulary.specials.eos = affixes.suffix ?? vocabulary.specials.eos
                (vocabulary.addsBOS, vocabulary.addsEOS) = (affixes.prefix != nil, affixes.suffix != nil)
                vocabulary.separatesPairs = affixes.separatesPairs
            }
            try self.init(
                vocabulary, configuration, hasPostProcessor: !definition.postProcessors.isEmpty, warnings, file: file)
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? file)
        }
    }

    /// The tokenizer of a vocabulary, after the checkpoint's configuration was applied to it.
    private init(
        _ vocabulary: Vocabulary, _ configuration: TokenizerConfiguration, hasPostProcessor: Bool,
        _ warnings: [TokenizationWarning], file: String
    ) throws(TokenizationError) {
        var vocabulary = vocabulary
        let found = try configuration.apply(to: &vocabulary, hasPostProcessor: hasPostProcessor)
        try self.init(vocabulary: vocabulary)
        warn(warnings + found.warnings, file: file)
        remark(found.remarks)
    }
}

extension SentencePieceModel {
    /// Leaves out what has no row in the embedding.
    fileprivate mutating func keep(rowCount: Int?, adding added: inout [AddedPiece]) -> [TokenizationWarning] {
        let count = max(pieces.count, (added.map(\.id).max() ?? -1) + 1)
        guard let rowCount, count > rowCount else { return [] }
        pieces = Array(pieces.prefix(rowCount))
        added.removeAll { $0.id >= rowCount }
        let first = TokenID(clamping: rowCount)
        return [TokenizationWarning(.tokensWithoutRows(first: first, count: count - rowCount, rowCount: rowCount))]
    }
}

extension TokenizationError {
    /// Whether it is about a step that turns spaces into marks or back, or about how pieces are looked for, all of
    /// which a `tokenizer.model` says too.
    fileprivate var isAboutSpaces: Bool {
        guard case .unsupported(let part, _, _) = kind else { return false }
        return ["normalizer", "pre_tokenizer", "decoder", "model"].contains { part.hasPrefix($0) }
    }
}
