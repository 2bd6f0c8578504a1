import Files

/// A tokenizer, which turns text into tokens and back.
///
/// Read from a checkpoint it gives the ids of HuggingFace tokenizers; made from a GGUF vocabulary, those of stock
/// llama.cpp. `verifyScoreForm()` tells whether the two are the same.
public struct Tokenizer: Sendable {
    private(set) var parts: TokenizerParts
    /// Whether the encoder works by the vocabulary's scores.
    private let isScoreForm: Bool

    init(_ parts: TokenizerParts) {
        self.parts = parts
        isScoreForm = false
    }

    /// Makes the tokenizer that the vocabulary of a GGUF file describes.
    /// - Parameters:
    ///   - vocabulary: the vocabulary, which is checked.
    ///   - file: the path of the file that warnings name; nil if there is none.
    /// - Throws: `TokenizationError` if the vocabulary is of a kind that is not supported, or contradicts itself.
    public init(vocabulary: Vocabulary, file: String? = nil) throws(TokenizationError) {
        parts = try TokenizerFamilies.family(of: vocabulary).parts(of: vocabulary)
        parts.warnings = parts.warnings.map { $0.about(file) }
        isScoreForm = true
    }

    /// Adds to the warnings, all of them about `file` unless they say otherwise.
    mutating func warn(_ warnings: [TokenizationWarning], file: String) {
        parts.warnings = (parts.warnings + warnings).map { $0.about(file) }
    }

    /// Takes the scores of a SentencePiece model into the vocabulary.
    mutating func adopt(
        _ model: SentencePieceModel, adding added: [AddedPiece], file: String
    ) throws(TokenizationError) {
        do throws(TokenizationError) {
            try parts.vocabulary.adopt(model, adding: added)
            parts.scoresAreOfModel = true
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? file)
        }
    }

    /// Remarks for the user, one line each: which of a checkpoint's files was followed where they contradict each
    /// other, and where stock llama.cpp, and Swage with a GGUF file, treat spaces differently.
    public var remarks: [String] { parts.remarks }

    /// Adds to what the user should know.
    mutating func remark(_ lines: [String]) { parts.remarks += lines }

    /// The tokenizer as GGUF stores it.
    public var vocabulary: Vocabulary { parts.vocabulary }

    /// Warnings about requests of the tokenizer's files that are left out.
    public var warnings: [TokenizationWarning] { parts.warnings }

    /// The ``warnings`` and ``remarks`` as diagnostics.
    public var notes: [Diagnostic] { warnings.map(\.diagnostic) + remarks.map { Diagnostic(.input, $0) } }

    /// The tokens of a text in UTF-8, without BOS and EOS. Bytes that are not UTF-8 become byte tokens.
    /// - Parameters:
    ///   - text: the bytes of the text.
    ///   - parseSpecial: whether the text of a special token becomes that token.
    public func encode(_ text: some Collection<UInt8>, parseSpecial: Bool) -> [TokenID] {
        let ids = text.withContiguousStorageIfAvailable { buffer in
            var ids: [TokenID] = []
            ids.reserveCapacity(buffer.count / 3)
            parts.encoder.encode(buffer, parseSpecial: parseSpecial, into: &ids)
            return ids
        }
        return ids ?? encode(Array(text), parseSpecial: parseSpecial)
    }

    /// The tokens of a text, without BOS and EOS.
    /// - Parameters:
    ///   - text: the text, which is encoded as UTF-8.
    ///   - parseSpecial: whether the text of a special token becomes that token.
    public func encode(_ text: String, parseSpecial: Bool) -> [TokenID] {
        encode(text.utf8, parseSpecial: parseSpecial)
    }

    /// The bytes that tokens stand for, which need not be UTF-8.
    /// - Parameters:
    ///   - ids: the tokens.
    ///   - skipSpecials: whether special tokens give no bytes.
    /// - Throws: `TokenizationError` if the vocabulary has no token of one of the ids.
    public func decode(
        _ ids: some Sequence<TokenID>, skipSpecials: Bool = false
    ) throws(TokenizationError) -> [UInt8] {
        var bytes: [UInt8] = []
        for id in ids { bytes += try parts.decoder.bytes(of: id, skipSpecials: skipSpecials) }
        return bytes
    }

    /// The text that tokens stand for, as HuggingFace tokenizers decodes it.
    ///
    /// With a byte-level vocabulary, bytes that are not UTF-8 are replaced as the Unicode standard recommends. With
    /// others, a run of byte tokens that is not valid UTF-8 as a whole becomes one U+FFFD for each of its bytes.
    /// - Parameters:
    ///   - ids: the tokens.
    ///   - skipSpecials: whether special tokens give no text.
    /// - Throws: `TokenizationError` if the vocabulary has no token of one of the ids.
    public func text(
        of ids: some Sequence<TokenID>, skipSpecials: Bool = false
    ) throws(TokenizationError) -> String {
        try parts.decoder.text(of: ids, skipSpecials: skipSpecials)
    }

    /// The tokenizer with one token for each of `rowCount` embedding rows; see ``Vocabulary/padded(to:)``.
    ///
    /// The tokens that are added stand for no text.
    public func padded(to rowCount: Int) throws(TokenizationError) -> Tokenizer {
        let vocabulary = try vocabulary.padded(to: rowCount)
        var result = self
        if isScoreForm {
            result = try Tokenizer(vocabulary: vocabulary)
            result.parts.warnings = warnings
            result.parts.remarks = remarks
            return result
        }
        result.parts.vocabulary = vocabulary
        while result.parts.decoder.count < vocabulary.count { result.parts.decoder.append([], isSpecial: false) }
        return result
    }

    /// Fails unless stock llama.cpp makes the same tokens of every text, though of a `llama` vocabulary it knows the
    /// scores but neither merges nor splits, and of a `gpt2` vocabulary only the name of the split.
    ///
    /// Proved from the vocabulary, not tried on texts, but for ties of the scores of a `tokenizer.model`, which are
    /// tried on the texts where they could matter. Left out of the question are what ``remarks`` says, special tokens
    /// inside of a text (where two of them overlap, HuggingFace takes the left one, llama.cpp the longer; llama.cpp
    /// knows nothing of what a token asks of the text around it) and, with a `gpt2` vocabulary, characters of Unicode
    /// versions that llama.cpp does not know yet, U+017F after an apostrophe, spaces outside of ASCII as DeepSeek's
    /// patterns see them, letters outside of ASCII and combining marks as the patterns of tekken and GPT-4o see them,
    /// bytes without a token, NUL where it has a token of its own, and texts that are not in normalization form C where
    /// the checkpoint asks for it.
    /// - Throws: `TokenizationError` with a token that the two would make in different ways.
    public func verifyScoreForm() throws(TokenizationError) {
        // In a `gpt2` vocabulary bytes are spelled as other characters, so it has none but in added tokens.
        if let id = vocabulary.pieces.firstIndex(where: { $0.bytes.contains(0) }) {
            throw TokenizationError(.pieceHoldsNUL(TokenID(id)))
        }
        guard !isScoreForm else { return }
        if let conflict = parts.storedConflict { throw conflict }
        let cutsOutPieces = (parts.encoder as? CharacterBPE)?.cuts?.pieces != nil
        if parts.scoresAreOfModel {
            let found = try ScoreForm.conflict(
                parts.merges, splits: parts.splits, in: vocabulary, cutsOutPieces: cutsOutPieces)
            if let found { throw found }
            if let conflict = try ScoreForm.tieConflict(parts) { throw conflict }
            return
        }
        if let conflict = parts.scoreConflict { throw conflict }
        if let conflict = try ScoreForm.conflict(in: vocabulary, cutsOutPieces: cutsOutPieces) { throw conflict }
    }
}

extension SpecialTokens {
    /// Makes sure that the vocabulary has the tokens.
    func check(tokenCount: Int) throws(TokenizationError) {
        let roles: [(String, TokenID?)] =
            [("bos", bos), ("eos", eos), ("pad", pad), ("unknown", unknown)] + otherEnds.map { ("eos", $0) }
        for case (let role, let id?) in roles where id < 0 || id >= tokenCount {
            throw TokenizationError(.specialToken(role: "the \(role) token", found: "\(id)"))
        }
    }
}
