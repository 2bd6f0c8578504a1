import ByteJSON
import Files
import Platform

/// What the files beside `tokenizer.json` say about a tokenizer.
struct TokenizerConfiguration {
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
            return Source(
                file: file, json: try Self.ifPresent { try JSON(contentsOf: file, limit: .configuration) } ?? .null)
        }
        tokenizer = try source("tokenizer_config.json")
        specialTokensMap = try source("special_tokens_map.json")
        addedTokens = try source("added_tokens.json")
        generation = try source("generation_config.json")
        model = try source("config.json")
        olderChatTemplate = try source("chat_template.json")
        let templateFile = directory + "/chat_template.jinja"
        chatTemplateFile = try Self.ifPresent { try ReadableFile.contents(of: templateFile, limit: .chatTemplate) }
        if let bytes = chatTemplateFile, ByteString(bytes).string == nil {
            throw FileError(.notUTF8(offset: 0), path: templateFile)
        }
    }

    /// What `vocab.json` and `merges.txt` say; nil if there is no `vocab.json`.
    func vocabularyFiles(_ directory: String, isNamed: Bool) throws -> JSON? {
        let file = directory + "/vocab.json"
        let vocabulary = try Self.ifPresent { try JSON(contentsOf: file, limit: .tokenizer) }
        let merges = try Self.ifPresent { try ReadableFile.contents(of: directory + "/merges.txt", limit: .tokenizer) }
        guard let vocabulary, let merges else { return nil }
        do throws(TokenizationError) {
            return try VocabularyFiles.definition(
                vocabulary: vocabulary, merges: merges, configuration: tokenizer.json, isNamed: isNamed)
        } catch {
            throw TokenizationError(error.kind, file: file)
        }
    }

    static func sentencePieceModel(_ file: String) throws -> SentencePieceModel? {
        guard let bytes = try ifPresent({ try ReadableFile.contents(of: file, limit: .sentencePiece) }) else {
            return nil
        }
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
    /// - Returns: what the files ask for and is left out, and where they contradict each other.
    func apply(
        to vocabulary: inout Vocabulary, hasPostProcessor: Bool
    ) throws(TokenizationError) -> (warnings: [TokenizationWarning], remarks: [String]) {
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
        return (warnings.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }, remarks)
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

    /// What `tokenizer_config.json` says of putting the token of a role at its end of a text.
    private func flag(_ role: String) throws(TokenizationError) -> Bool? {
        let key = "add_\(role)_token"
        guard let value = tokenizer.json[ByteString(key)], !value.isNull else { return nil }
        guard let flag = value.bool else { throw malformed(key, "true or false", tokenizer) }
        return flag
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
