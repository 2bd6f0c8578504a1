import ByteJSON
import Files

/// A `tokenizer.json` taken apart, before any family of tokenizers has looked at it.
struct TokenizerDefinition {
    struct AddedToken {
        var id: Int
        var content: ByteString
        var isSpecial: Bool
        /// Whether it is looked for in the normalized text.
        var isNormalized: Bool
        var surroundings = AddedTokenSurroundings.any
    }

    /// One step of a normalizer, pre-tokenizer or decoder.
    struct Component {
        /// The place of the component in the file, for errors.
        var path: String
        var type: String
        var members: JSONObject

        subscript(key: ByteString) -> JSON? { members[key].flatMap { $0.isNull ? nil : $0 } }

        /// Refuses keys that are not understood.
        func allow(_ keys: Set<ByteString>) throws(TokenizationError) {
            try TokenizerDefinition.allow(keys.union(["type"]), in: members, of: path)
        }

        func unsupported(_ found: String, supported: String) -> TokenizationError {
            TokenizationError(.unsupported(part: path, found: found, supported: supported))
        }
    }

    var addedTokens: [AddedToken]
    var normalizers: [Component]
    var preTokenizers: [Component]
    var decoders: [Component]
    var postProcessors: [Component]
    var model: Component
    /// The name that the caller gives to the pre-tokenizer.
    var preTokenizerName: String?

    init(_ json: JSON) throws(TokenizationError) {
        guard let root = json.object else { throw Self.malformed("tokenizer.json", "an object") }
        // Truncation and padding concern batches of a caller's choice, not what the tokens of a text are.
        try Self.allow(
            [
                "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
                "decoder", "model",
            ], in: root, of: "tokenizer.json")
        guard let version = json["version"]?.string else { throw Self.malformed("version", "a string") }
        guard version == "1.0" else {
            throw TokenizationError(.unsupported(part: "version", found: "\"\(version)\"", supported: "\"1.0\""))
        }
        addedTokens = []
        if let list = json["added_tokens"] {
            guard let list = list.array else { throw Self.malformed("added_tokens", "an array") }
            for (index, item) in list.enumerated() { addedTokens.append(try Self.addedToken(item, at: index)) }
        }
        normalizers = try Self.components(json["normalizer"], path: "normalizer", listKey: "normalizers")
        preTokenizers = try Self.components(json["pre_tokenizer"], path: "pre_tokenizer", listKey: "pretokenizers")
        decoders = try Self.components(json["decoder"], path: "decoder", listKey: "decoders")
        postProcessors = try Self.components(json["post_processor"], path: "post_processor", listKey: "processors")
        guard let members = json["model"]?.object else { throw Self.malformed("model", "an object") }
        // Files older than the field have BPE models without a type.
        model = Component(path: "model", type: json["model"]?["type"]?.string ?? "BPE", members: members)
    }

    /// The model in a few words, for errors.
    var modelSummary: String {
        guard model.type == "BPE" else { return model.type }
        return model["byte_fallback"]?.bool == true ? "BPE with byte_fallback" : "BPE without byte_fallback"
    }

    private static func addedToken(_ item: JSON, at index: Int) throws(TokenizationError) -> AddedToken {
        let path = "added_tokens[\(index)]"
        guard let members = item.object else { throw malformed(path, "an object") }
        let flags: Set<ByteString> = ["single_word", "lstrip", "rstrip", "normalized", "special"]
        try allow(flags.union(["id", "content"]), in: members, of: path)
        guard let id = item["id"]?.integer else { throw malformed("\(path).id", "an integer") }
        guard let content = item["content"]?.bytes else { throw malformed("\(path).content", "a string") }
        var isSet: [ByteString: Bool] = [:]
        for flag in flags {
            guard let value = item[flag] else { continue }
            guard let value = value.bool else { throw malformed("\(path).\(flag)", "true or false") }
            isSet[flag] = value
        }
        let isSpecial = isSet["special"] ?? false
        return AddedToken(
            id: id, content: content, isSpecial: isSpecial, isNormalized: isSet["normalized"] ?? !isSpecial,
            surroundings: AddedTokenSurroundings(
                takesSpacesBefore: isSet["lstrip"] ?? false, takesSpacesAfter: isSet["rstrip"] ?? false,
                isWholeWord: isSet["single_word"] ?? false))
    }

    /// The steps of a component, sequences opened.
    private static func components(
        _ json: JSON?, path: String, listKey: ByteString
    ) throws(TokenizationError) -> [Component] {
        guard let json else { return [] }
        guard let members = json.object, let type = json["type"]?.string else {
            throw malformed(path, "an object with a type")
        }
        guard type == "Sequence" else { return [Component(path: path, type: type, members: members)] }
        try allow(["type", listKey], in: members, of: path)
        guard let list = json[listKey]?.array else { throw malformed("\(path).\(listKey)", "an array") }
        var result: [Component] = []
        for (index, item) in list.enumerated() {
            result += try components(item, path: "\(path)[\(index)]", listKey: listKey)
        }
        return result
    }

    static func malformed(_ key: String, _ expected: String) -> TokenizationError {
        TokenizationError(.malformed(key: key, expected: expected))
    }

    static func allow(
        _ keys: Set<ByteString>, in object: JSONObject, of path: String
    ) throws(TokenizationError) {
        for member in object.members where !keys.contains(member.key) {
            throw TokenizationError(
                .unsupported(
                    part: path, found: "the key \"\(member.key)\"",
                    supported: keys.sorted().map(\.description).joined(separator: ", ")))
        }
    }
}
