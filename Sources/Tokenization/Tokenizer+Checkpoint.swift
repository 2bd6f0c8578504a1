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
    /// Whether BOS and EOS are added: the post-processor of `tokenizer.json` says both if there is one, else
    /// `add_bos_token` and `add_eos_token` of `tokenizer_config.json`. Where `tokenizer.json` marks spaces in a way that is
    /// not known here, a `tokenizer.model` beside it stands for both, as in llama.cpp's converter. The conversation format: `chat_template.jinja`, else `chat_template` of
    /// `tokenizer_config.json` (of several the one named `default`), else that of the older `chat_template.json`.
    /// - Parameter preTokenizer: for byte-level vocabularies, the name under `tokenizer.ggml.pre` that stock llama.cpp
    ///   has for the way words are split, one of ``preTokenizerNames`` or another name of the same, whatever the pattern;
    ///   nil to recognize it by the pattern.
    /// - Throws: `TokenizationError`, `JSONError` or `FileError`, naming the file.
    public init(checkpointDirectory path: String, preTokenizer: String? = nil) throws {
        let file = path + "/tokenizer.json"
        let configuration = try CheckpointConfiguration(directory: path)
        guard let json = try CheckpointConfiguration.ifPresent({ try JSON(contentsOf: file) }) else {
            self = try Self(modelFile: path + "/tokenizer.model", configuration, missing: file)
            if let preTokenizer { throw Self.isNotByteLevel(preTokenizer, file: path + "/tokenizer.model") }
            return
        }
        var mayHaveModel = false
        do {
            var definition = try TokenizerDefinition(json)
            definition.preTokenizerName = preTokenizer
            let family = try TokenizerFamilies.family(of: definition)
            mayHaveModel = family.hasSentencePieceModel
            if let preTokenizer, !family.hasPreTokenizers { throw Self.isNotByteLevel(preTokenizer, file: file) }
            var parts = try family.parts(of: definition)
            try configuration.checkAddedTokens(definition)
            parts.remarks += try configuration.apply(
                to: &parts.vocabulary, hasPostProcessor: !definition.postProcessors.isEmpty)
            self.init(parts)
            guard mayHaveModel else { return }
        } catch let error as TokenizationError {
            let error = TokenizationError(error.kind, file: error.file ?? file)
            guard mayHaveModel, error.isAboutSpaces,
                let model = try CheckpointConfiguration.sentencePieceModel(path + "/tokenizer.model")
            else { throw error }
            try self.init(model, insteadOf: json, configuration, file: path + "/tokenizer.model")
            remark(["\(error.diagnostic.place ?? file): \(error.diagnostic.problem); tokenizer.model is used instead"])
            return
        }
        if let model = try CheckpointConfiguration.sentencePieceModel(path + "/tokenizer.model") {
            try adopt(model, adding: configuration.addedPieces(), file: path + "/tokenizer.model")
        }
    }

    /// The files of a checkpoint that ``init(checkpointDirectory:preTokenizer:)`` reads where they exist, by name.
    public static let checkpointFileNames = [
        "added_tokens.json", "chat_template.jinja", "chat_template.json", "config.json", "generation_config.json",
        "special_tokens_map.json",
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
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
    private init(modelFile: String, _ configuration: CheckpointConfiguration, missing file: String) throws {
        guard let model = try CheckpointConfiguration.sentencePieceModel(modelFile) else {
            throw FileError(.system(operation: "open", errno: ENOENT), path: file)
        }
        do throws(TokenizationError) {
            var vocabulary = try model.vocabulary(adding: configuration.addedPieces())
            let remarks = try configuration.apply(to: &vocabulary, hasPostProcessor: false)
            try self.init(vocabulary: vocabulary)
            remark(remarks)
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? modelFile)
        }
    }

    /// The tokenizer of a SentencePiece model in place of a `tokenizer.json` that was made of it: of that the added
    /// tokens and the post-processor count, and both must have the same pieces.
    private init(
        _ model: SentencePieceModel, insteadOf json: JSON, _ configuration: CheckpointConfiguration, file: String
    ) throws {
        do throws(TokenizationError) {
            let definition = try TokenizerDefinition(json)
            try configuration.checkAddedTokens(definition)
            let added = definition.addedTokens.map {
                AddedPiece(id: $0.id, content: $0.content, isSpecial: $0.isSpecial)
            }
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
            let remarks = try configuration.apply(
                to: &vocabulary, hasPostProcessor: !definition.postProcessors.isEmpty)
            try self.init(vocabulary: vocabulary)
            remark(remarks)
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? file)
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

    /// - Parameter hasPostProcessor: whether what the vocabulary says of BOS and EOS is a post-processor's word.
    /// - Returns: where the files contradict each other.
    func apply(
        to vocabulary: inout Vocabulary, hasPostProcessor: Bool
    ) throws(TokenizationError) -> [String] {
        let table = try PieceTable(vocabulary.pieces)
        let affixes = vocabulary.specials
        let ends = try ids("eos", table)
        vocabulary.specials = SpecialTokens(
            bos: try ids("bos", table).first ?? affixes.bos, eos: ends.first ?? affixes.eos,
            pad: try ids("pad", table).first ?? affixes.pad, unknown: try ids("unk", table).first ?? affixes.unknown)
        let generationEnds = try ids("eos", in: generation, tokenCount: table.pieces.count)
        for end in ends + generationEnds
        where end != vocabulary.specials.eos && !vocabulary.specials.otherEnds.contains(end) {
            vocabulary.specials.otherEnds.append(end)
        }
        var remarks: [String] = []
        func added(_ role: String, _ fromFile: TokenID?, _ id: TokenID?) throws(TokenizationError) -> Bool {
            guard let flag = try flag(role), !hasPostProcessor else {
                guard fromFile == nil || fromFile == id else {
                    throw TokenizationError(
                        .unsupported(
                            part: "post_processor", found: "another token than \(role)_token at its place",
                            supported: "\(role)_token"))
                }
                if let flag = try flag(role), flag != (fromFile != nil) {
                    remarks.append(
                        "add_\(role)_token is \(flag) in tokenizer_config.json, but the post-processor of tokenizer.json "
                            + "\(flag ? "does not add" : "adds") the \(role) token: the post-processor is followed")
                }
                return fromFile != nil
            }
            guard !flag || id != nil else {
                throw TokenizationError(.specialToken(role: role + "_token", found: "none"), file: tokenizer.file)
            }
            return flag
        }
        vocabulary.addsBOS = try added("bos", vocabulary.addsBOS ? affixes.bos : nil, vocabulary.specials.bos)
        vocabulary.addsEOS = try added("eos", vocabulary.addsEOS ? affixes.eos : nil, vocabulary.specials.eos)
        vocabulary.chatTemplate = try chatTemplate()
        return remarks
    }

    /// The ids that have a role, from the first source that knows any.
    private func ids(_ role: String, _ table: PieceTable) throws(TokenizationError) -> [TokenID] {
        for source in [tokenizer, specialTokensMap] {
            guard let value = source.json[ByteString(role + "_token")] else { continue }
            guard let name = value.bytes ?? value["content"]?.bytes else {
                throw malformed(role + "_token", "a token's text", source)
            }
            guard let id = table.find(name.bytes[...]) else {
                throw TokenizationError(.specialToken(role: role + "_token", found: "\"\(name)\""), file: source.file)
            }
            return [id]
        }
        for source in [generation, model] {
            let found = try ids(role, in: source, tokenCount: table.pieces.count)
            if !found.isEmpty { return found }
        }
        return []
    }

    private func ids(
        _ role: String, in source: Source, tokenCount: Int
    ) throws(TokenizationError) -> [TokenID] {
        let key = role + "_token_id"
        guard let value = source.json[ByteString(key)] else { return [] }
        var ids: [TokenID] = []
        for item in value.array ?? [value] {
            guard let number = item.integer else { throw malformed(key, "a token's id", source) }
            guard let id = TokenID(exactly: number), id >= 0, id < tokenCount else {
                throw TokenizationError(.specialToken(role: key, found: "\(number)"), file: source.file)
            }
            ids.append(id)
        }
        return ids
    }

    /// What `tokenizer_config.json` says of putting the token of a role at its end of a text.
    private func flag(_ role: String) throws(TokenizationError) -> Bool? {
        let key = "add_\(role)_token"
        guard let value = tokenizer.json[ByteString(key)], !value.isNull else { return nil }
        guard let flag = value.bool else { throw malformed(key, "true or false", tokenizer) }
        return flag
    }

    /// Compares the list of added tokens that some checkpoints have twice.
    func checkAddedTokens(_ definition: TokenizerDefinition) throws(TokenizationError) {
        let known = Dictionary(definition.addedTokens.map { ($0.id, $0.content) }) { first, _ in first }
        for token in try listedTokens() ?? [] {
            guard let piece = known[token.id] else {
                throw TokenizationError(
                    .addedToken(token.content, id: token.id, .notInTokenizer), file: tokenizer.file)
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
            tokens.append(AddedPiece(id: id, content: content, isSpecial: value["special"]?.bool == true))
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

extension TokenizationError {
    /// Whether it is about a step that turns spaces into marks or back, or about how pieces are looked for, all of which a
    /// `tokenizer.model` says too.
    fileprivate var isAboutSpaces: Bool {
        guard case .unsupported(let part, _, _) = kind else { return false }
        return ["normalizer", "pre_tokenizer", "decoder", "model"].contains { part.hasPrefix($0) }
    }
}
