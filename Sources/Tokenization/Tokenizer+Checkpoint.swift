import ByteJSON
import TensorCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Tokenizer {
    /// The tokenizer of a HuggingFace checkpoint.
    ///
    /// `tokenizer.json` says what the tokens are, and `tokenizer.model` their scores if it is there too; alone, it says
    /// both. The roles come from the first that gives them: names in
    /// `tokenizer_config.json`, then `special_tokens_map.json`; ids in `generation_config.json`, then `config.json`.
    /// Whether BOS and EOS are added: `add_bos_token` and `add_eos_token` of `tokenizer_config.json`, else the
    /// post-processor of `tokenizer.json`. The conversation format: `chat_template.jinja`, else `chat_template` of
    /// `tokenizer_config.json` (of several the one named `default`), else that of the older `chat_template.json`.
    ///
    /// Tokens that only `added_tokens_decoder` of `tokenizer_config.json` lists are added. Without a `tokenizer.json`,
    /// `vocab.json` and `merges.txt` are read as GPT-2's and Qwen2's tokenizers do.
    /// - Parameters:
    ///   - preTokenizer: for byte-level vocabularies, the name under `tokenizer.ggml.pre` that stock llama.cpp has for the
    ///     way words are split, one of ``preTokenizerNames`` or another name of the same, whatever the pattern; nil to
    ///     recognize it by the pattern.
    ///   - rowCount: the rows of the embedding: tokens beyond are left out. Nil keeps all.
    /// - Throws: `TokenizationError`, `JSONError` or `FileError`, naming the file.
    public init(checkpointDirectory path: String, preTokenizer: String? = nil, rowCount: Int? = nil) throws {
        let file = path + "/tokenizer.json"
        let configuration = try CheckpointConfiguration(directory: path)
        guard
            let json = try CheckpointConfiguration.ifPresent({ try JSON(contentsOf: file) })
                ?? configuration.vocabularyFiles(path, isNamed: preTokenizer != nil)
        else {
            self = try Self(modelFile: path + "/tokenizer.model", configuration, missing: file, rowCount: rowCount)
            if let preTokenizer { throw Self.isNotByteLevel(preTokenizer, file: path + "/tokenizer.model") }
            return
        }
        do throws(TokenizationError) {
            var definition = try TokenizerDefinition(json)
            definition.preTokenizerName = preTokenizer
            try configuration.complete(&definition)
            var warnings = rowCount.map { definition.keep(rowCount: $0) } ?? []
            let family = try TokenizerFamilies.family(of: definition)
            if let preTokenizer, !family.hasPreTokenizers { throw Self.isNotByteLevel(preTokenizer, file: file) }
            var parts = try family.parts(of: definition)
            warnings += try configuration.apply(to: &parts.vocabulary)
            self.init(parts)
            warn(warnings, file: file)
            guard family.hasSentencePieceModel else { return }
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? file)
        }
        if var model = try CheckpointConfiguration.sentencePieceModel(path + "/tokenizer.model") {
            model.pieces = Array(model.pieces.prefix(rowCount ?? .max))
            let added = try configuration.addedPieces().filter { $0.id < rowCount ?? .max }
            try adopt(model, adding: added, file: path + "/tokenizer.model")
        }
    }

    /// The files of a checkpoint that ``init(checkpointDirectory:preTokenizer:)`` reads where they exist, by name.
    public static let checkpointFileNames = [
        "added_tokens.json", "chat_template.jinja", "chat_template.json", "config.json", "generation_config.json",
        "merges.txt", "special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
        "vocab.json",
    ]

    /// The ways of splitting words that stock llama.cpp has a name for, by the names that are written.
    public static let preTokenizerNames = PreTokenizers.all.map { $0.names[0] }

    /// Whether a name under `tokenizer.ggml.pre` is known.
    public static func hasPreTokenizer(named name: String) -> Bool { PreTokenizers.named(name) != nil }

    private static func isNotByteLevel(_ preTokenizer: String, file: String) -> TokenizationError {
        TokenizationError(
            .unsupported(
                part: "the pre-tokenizer's name", found: "\"\(preTokenizer)\" for a vocabulary without one",
                supported: "a name for byte-level vocabularies only"), file: file)
    }

    /// The tokenizer of a SentencePiece model alone.
    private init(
        modelFile: String, _ configuration: CheckpointConfiguration, missing file: String, rowCount: Int?
    ) throws {
        guard var model = try CheckpointConfiguration.sentencePieceModel(modelFile) else {
            throw FileError(.system(operation: "open", errno: ENOENT), path: file)
        }
        do throws(TokenizationError) {
            var added = try configuration.addedPieces()
            var warnings: [TokenizationWarning] = []
            let count = max(model.pieces.count, (added.map(\.id).max() ?? -1) + 1)
            if let rowCount, count > rowCount {
                warnings.append(
                    TokenizationWarning(
                        .tokensWithoutRows(
                            first: TokenID(clamping: rowCount), count: count - rowCount, rowCount: rowCount)))
                model.pieces = Array(model.pieces.prefix(rowCount))
                added.removeAll { $0.id >= rowCount }
            }
            var vocabulary = try model.vocabulary(adding: added)
            warnings += try configuration.apply(to: &vocabulary)
            try self.init(vocabulary: vocabulary)
            warn(warnings, file: modelFile)
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? modelFile)
        }
    }
}

/// What the files beside `tokenizer.json` say about a tokenizer.
private struct CheckpointConfiguration {
    private struct Source {
        var file: String
        var json: JSON
    }

    private let tokenizer: Source
    private let specialTokensMap: Source
    private let addedTokens: Source
    private let generation: Source
    private let model: Source
    private let chatTemplateFile: [UInt8]?
    private let olderChatTemplate: Source

    init(directory: String) throws {
        func source(_ name: String) throws -> Source {
            let file = directory + "/" + name
            return Source(file: file, json: try Self.ifPresent { try JSON(contentsOf: file) } ?? .null)
        }
        tokenizer = try source("tokenizer_config.json")
        specialTokensMap = try source("special_tokens_map.json")
        addedTokens = try source("added_tokens.json")
        generation = try source("generation_config.json")
        model = try source("config.json")
        olderChatTemplate = try source("chat_template.json")
        let templateFile = directory + "/chat_template.jinja"
        chatTemplateFile = try Self.ifPresent { try ReadableFile.contents(of: templateFile) }
        if let bytes = chatTemplateFile, ByteString(bytes).string == nil {
            throw FileError(.notUTF8(offset: 0), path: templateFile)
        }
    }

    /// What `vocab.json` and `merges.txt` say; nil if there is no `vocab.json`.
    func vocabularyFiles(_ directory: String, isNamed: Bool) throws -> JSON? {
        let file = directory + "/vocab.json"
        let vocabulary = try Self.ifPresent { try JSON(contentsOf: file) }
        let merges = try Self.ifPresent { try ReadableFile.contents(of: directory + "/merges.txt") }
        guard let vocabulary, let merges else { return nil }
        do throws(TokenizationError) {
            return try VocabularyFiles.definition(
                vocabulary: vocabulary, merges: merges, configuration: tokenizer.json, isNamed: isNamed)
        } catch {
            throw TokenizationError(error.kind, file: file)
        }
    }

    static func sentencePieceModel(_ file: String) throws -> SentencePieceModel? {
        guard let bytes = try ifPresent({ try ReadableFile.contents(of: file) }) else { return nil }
        do throws(TokenizationError) {
            return try SentencePieceModel(bytes)
        } catch {
            throw TokenizationError(error.kind, file: file)
        }
    }

    static func ifPresent<T>(_ read: () throws -> T) throws -> T? {
        do {
            return try read()
        } catch let error as FileError {
            guard case .system("open", ENOENT) = error.kind else { throw error }
            return nil
        }
    }

    /// - Returns: what the files ask for and is left out.
    func apply(to vocabulary: inout Vocabulary) throws(TokenizationError) -> [TokenizationWarning] {
        let table = try PieceTable(vocabulary.pieces)
        let affixes = vocabulary.specials
        var warnings: [TokenizationWarning] = []
        let ends = try ids("eos", table, &warnings)
        vocabulary.specials = SpecialTokens(
            bos: try ids("bos", table, &warnings).first ?? affixes.bos, eos: ends.first ?? affixes.eos,
            pad: try ids("pad", table, &warnings).first ?? affixes.pad,
            unknown: try ids("unk", table, &warnings).first ?? affixes.unknown)
        let generationEnds = try ids("eos", in: generation, tokenCount: table.pieces.count, &warnings)
        for end in ends + generationEnds
        where end != vocabulary.specials.eos && !vocabulary.specials.otherEnds.contains(end) {
            vocabulary.specials.otherEnds.append(end)
        }
        vocabulary.addsBOS = try added("bos", vocabulary.addsBOS ? affixes.bos : nil, vocabulary.specials.bos)
        vocabulary.addsEOS = try added("eos", vocabulary.addsEOS ? affixes.eos : nil, vocabulary.specials.eos)
        vocabulary.chatTemplate = try chatTemplate()
        return warnings.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// The ids that have a role, from the first source that knows any.
    private func ids(
        _ role: String, _ table: PieceTable, _ warnings: inout [TokenizationWarning]
    ) throws(TokenizationError) -> [TokenID] {
        for source in [tokenizer, specialTokensMap] {
            guard let value = source.json[ByteString(role + "_token")] else { continue }
            guard let name = value.bytes ?? value["content"]?.bytes else {
                throw malformed(role + "_token", "a token's text", source)
            }
            guard let id = table.find(name.bytes[...]) else {
                warnings.append(
                    TokenizationWarning(
                        .roleWithoutToken(role: role + "_token", found: "\"\(name)\""), file: source.file))
                continue
            }
            return [id]
        }
        for source in [generation, model] {
            let found = try ids(role, in: source, tokenCount: table.pieces.count, &warnings)
            if !found.isEmpty { return found }
        }
        return []
    }

    private func ids(
        _ role: String, in source: Source, tokenCount: Int, _ warnings: inout [TokenizationWarning]
    ) throws(TokenizationError) -> [TokenID] {
        let key = role + "_token_id"
        guard let value = source.json[ByteString(key)] else { return [] }
        var ids: [TokenID] = []
        for item in value.array ?? [value] {
            guard let number = item.integer else { throw malformed(key, "a token's id", source) }
            guard let id = TokenID(exactly: number), id >= 0, id < tokenCount else {
                warnings.append(
                    TokenizationWarning(.roleWithoutToken(role: key, found: "\(number)"), file: source.file))
                continue
            }
            ids.append(id)
        }
        return ids
    }

    /// Whether the token of a role is put at its end of a text.
    private func added(
        _ role: String, _ fromTemplate: TokenID?, _ id: TokenID?
    ) throws(TokenizationError) -> Bool {
        let key = "add_\(role)_token"
        guard let value = tokenizer.json[ByteString(key)] else {
            guard fromTemplate == nil || fromTemplate == id else {
                throw TokenizationError(
                    .unsupported(
                        part: "post_processor", found: "another token than \(role)_token at its place",
                        supported: "\(role)_token"))
            }
            return fromTemplate != nil
        }
        guard let adds = value.bool else { throw malformed(key, "true or false", tokenizer) }
        guard !adds || id != nil else {
            throw TokenizationError(.specialToken(role: role + "_token", found: "none"), file: tokenizer.file)
        }
        return adds
    }

    /// Adds the tokens that only the list of `tokenizer_config.json` has, as `transformers` does: in the order of their
    /// ids, each under the id that its text has already, or the next one. The others must be the same.
    func complete(_ definition: inout TokenizerDefinition) throws(TokenizationError) {
        let known = Dictionary(definition.addedTokens.map { ($0.id, $0.content) }) { first, _ in first }
        let vocabulary = definition.model["vocab"]
        let modelCount = vocabulary?.object?.count ?? vocabulary?.array?.count ?? 0
        var next = max(modelCount, (known.keys.max() ?? -1) + 1)
        for token in try (listedTokens() ?? []).sorted(by: { $0.id < $1.id }) {
            guard let piece = known[token.id] else {
                let id = vocabulary?[token.content]?.integer ?? next
                guard token.id == id else {
                    throw TokenizationError(
                        .addedToken(token.content, id: token.id, .notInTokenizer), file: tokenizer.file)
                }
                next = max(next, id + 1)
                definition.addedTokens.append(
                    TokenizerDefinition.AddedToken(
                        id: id, content: token.content, isSpecial: token.isSpecial,
                        isNormalized: token.isNormalized, surroundings: token.surroundings))
                continue
            }
            guard piece == token.content else {
                throw TokenizationError(
                    .addedToken(token.content, id: token.id, .idHoldsAnotherPiece(piece)), file: tokenizer.file)
            }
        }
    }

    /// `added_tokens_decoder`, if there is one.
    private func listedTokens() throws(TokenizationError) -> [AddedPiece]? {
        guard let list = tokenizer.json["added_tokens_decoder"] else { return nil }
        guard let members = list.object?.members else {
            throw malformed("added_tokens_decoder", "an object", tokenizer)
        }
        var tokens: [AddedPiece] = []
        for (key, value) in members {
            guard let id = key.string.flatMap({ Int($0) }), let content = value["content"]?.bytes else {
                throw malformed("added_tokens_decoder", "tokens by their ids", tokenizer)
            }
            let isSpecial = value["special"]?.bool == true
            tokens.append(
                AddedPiece(
                    id: id, content: content, isSpecial: isSpecial,
                    isNormalized: value["normalized"]?.bool ?? !isSpecial,
                    surroundings: AddedTokenSurroundings(
                        takesSpacesBefore: value["lstrip"]?.bool ?? false,
                        takesSpacesAfter: value["rstrip"]?.bool ?? false,
                        isWholeWord: value["single_word"]?.bool ?? false)))
        }
        return tokens
    }

    /// The tokens that come on top of a `tokenizer.model`, as llama.cpp's converter finds them.
    func addedPieces() throws(TokenizationError) -> [AddedPiece] {
        let listed = try listedTokens() ?? []
        let known = Set(listed.map(\.id))
        guard let members = addedTokens.json.object?.members else { return listed }
        var tokens = listed
        for (content, value) in members {
            guard let id = value.integer else { throw malformed("\(content)", "a token's id", addedTokens) }
            if !known.contains(id) { tokens.append(AddedPiece(id: id, content: content, isSpecial: false)) }
        }
        return tokens
    }

    private func chatTemplate() throws(TokenizationError) -> String? {
        if let chatTemplateFile { return ByteString(chatTemplateFile).string }
        guard let value = tokenizer.json["chat_template"] else {
            guard let value = olderChatTemplate.json["chat_template"] else { return nil }
            guard let template = value.string else { throw malformed("chat_template", "a string", olderChatTemplate) }
            return template
        }
        if let template = value.string { return template }
        guard let list = value.array else { throw malformed("chat_template", "a string or named ones", tokenizer) }
        for item in list {
            guard let name = item["name"]?.string, let template = item["template"]?.string else {
                throw malformed("chat_template", "a string or named ones", tokenizer)
            }
            if name == "default" { return template }
        }
        return nil
    }

    private func malformed(_ key: String, _ expected: String, _ source: Source) -> TokenizationError {
        TokenizationError(.malformed(key: key, expected: expected), file: source.file)
    }
}
