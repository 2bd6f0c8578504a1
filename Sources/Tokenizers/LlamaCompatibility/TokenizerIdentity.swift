/// Everything that decides which tokens stock llama.cpp makes of a text with a vocabulary, and which texts the tokens
/// stand for, and nothing else: two vocabularies with the same identity make the same tokens of every text.
///
/// A checkpoint has the identity of the GGUF that is made of it, in whatever precision. Names, templates, roles of
/// tokens that no text gets, and spellings of the same thing do not count: of the scores of merged pieces it is the
/// order, of the name of a pre-tokenizer what it does.
public struct TokenizerIdentity: Sendable, Equatable {
    /// A part of the identity; the raw value names it in words.
    public enum Part: String, Sendable, CaseIterable {
        /// The algorithm of the tokenizer.
        case algorithm = "the algorithm"
        /// The way in which texts are split into words.
        case splitting = "the way words are split"
        /// The spellings of the tokens.
        case pieces = "the pieces"
        /// The purposes of the tokens.
        case kinds = "the kinds of tokens"
        /// The scores, or the order that they give.
        case scores = "the scores"
        /// The merges in their order.
        case merges = "the merges"
        /// The places where spaces are added or removed.
        case spaces = "where spaces are put or removed"
        /// The replacements of characters before a text is encoded.
        case characters = "the replacements of characters"
        /// The token that stands for unknown characters.
        case unknown = "the token of unknown characters"
        /// The tokens that begin and end a text.
        case ends = "the tokens that begin and end a text"
    }

    private let values: [[UInt8]]

    /// The identity of a tokenizer.
    public init(_ tokenizer: Tokenizer) { self.init(tokenizer.vocabulary) }

    /// The identity of a vocabulary.
    public init(_ vocabulary: Vocabulary) { values = Part.allCases.map { vocabulary.value(of: $0) } }

    /// The first part in which two identities differ; nil if they are the same.
    public func difference(from other: TokenizerIdentity) -> Part? {
        zip(Part.allCases, zip(values, other.values)).first { $1.0 != $1.1 }?.0
    }

    /// The identity as bytes that no other identity has, part by part.
    public var bytes: [[UInt8]] { values.map { $0.count.bytes + $0 } }
}

extension Vocabulary {
    fileprivate func value(of part: TokenizerIdentity.Part) -> [UInt8] {
        switch part {
        case .algorithm: return Array(model.utf8)
        case .splitting: return model == "gpt2" ? Array((PreTokenizers.named(pre)?.names[0] ?? pre).utf8) : []
        case .pieces: return pieces.flatMap { $0.count.bytes + $0.bytes }
        // Both are looked for in texts where special tokens are, and nowhere else.
        case .kinds: return kindsInLlama.map { UInt8($0 == .unknown ? TokenKind.control.rawValue : $0.rawValue) }
        case .scores: return scoresThatCount
        case .merges: return model == "gpt2" ? merges.flatMap { $0.count.bytes + $0.bytes } : []
        case .spaces:
            return model == "gpt2" ? [] : [addsSpacePrefix ? 1 : 0, model == "t5" && removesExtraSpaces ? 1 : 0]
        case .characters: return model == "t5" ? characterMap : []
        case .unknown: return model == "t5" ? (specials.unknown.map { Int($0) } ?? -1).bytes : []
        case .ends:
            return [(addsBOS, specials.bos), (addsEOS, specials.eos)].flatMap { adds, id in
                (adds ? id.map { Int($0) } ?? -1 : -1).bytes
            }
        }
    }

    /// The bytes of what scores decide: in a `llama` vocabulary the order of the scores of pieces that can be merged,
    /// in a `t5` vocabulary the scores of pieces that are looked for by them.
    private var scoresThatCount: [UInt8] {
        guard scores.count == count, kinds.count == count, model != "gpt2" else { return [] }
        let kinds = kindsInLlama
        let counted = scores.indices.filter {
            [.normal, .unused, .undefined].contains(kinds[$0])
                && (model == "t5" || UTF8Sequence.characters(of: pieces[$0].bytes).count > 1)
        }
        guard model != "t5" else {
            // Both zeros are the same score.
            return counted.flatMap { Int(scores[$0] == 0 ? 0 : scores[$0].bitPattern).bytes }
        }
        var rank = 0
        var ranks = [Int](repeating: 0, count: count)
        var previous: Float?
        for index in counted.sorted(by: { scores[$0] > scores[$1] }) {
            if let previous, previous != scores[index] { rank += 1 }
            previous = scores[index]
            ranks[index] = rank
        }
        return counted.flatMap { ranks[$0].bytes }
    }
}

extension Int {
    /// Eight bytes, the lowest first.
    fileprivate var bytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) } }
}
