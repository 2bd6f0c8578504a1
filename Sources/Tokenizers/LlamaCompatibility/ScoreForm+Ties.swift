import Files

extension ScoreForm {
    /// How many texts are tried before a vocabulary with too many ties is refused.
    private static let trialLimit = 1 << 20

    /// Looks for a text of which pairs with the same score make a difference.
    ///
    /// SentencePiece and stock llama.cpp take the leftmost of them, merges the first in the list. Wherever in a text that
    /// matters, two such pairs share a piece, or the product of one of them is joined, no later than they, to a piece of
    /// another. No boundary around those pieces has been crossed by then, so they are made, and go on, as in a text of
    /// their own: that text is tried both ways.
    static func tieConflict(_ parts: TokenizerParts) throws(TokenizationError) -> TokenizationError? {
        let (vocabulary, merges) = (parts.vocabulary, parts.merges)
        guard let merged = parts.encoder as? CharacterBPE,
            let scored = try CharacterBPEFamily.parts(of: vocabulary).encoder as? CharacterBPE
        else { return nil }
        func score(_ index: Int) -> Float { vocabulary.scores[Int(merges[index].product)] }
        let byLeft = Dictionary(grouping: merges.indices) { merges[$0].left }
        let byRight = Dictionary(grouping: merges.indices) { merges[$0].right }
        var trialCount = 0
        func conflict(_ pieces: TokenID...) -> TokenizationError? {
            trialCount += 1
            let text = pieces.flatMap { vocabulary.pieces[Int($0)].bytes }
            guard trialCount > trialLimit || merged.idsOfPlainText(text) != scored.idsOfPlainText(text) else {
                return nil
            }
            let product = pieces[0]
            return TokenizationError(
                .scoresCannotExpress(product, vocabulary.pieces[Int(product)], .tieMatters(inText: ByteString(text))))
        }
        for (index, merge) in merges.enumerated() {
            let ownScore = score(index)
            for next in byLeft[merge.right] ?? [] where next < index && score(next) == ownScore {
                if let found = conflict(merge.left, merge.right, merges[next].right) { return found }
            }
            for outer in byLeft[merge.product] ?? [] where score(outer) >= ownScore {
                for next in byLeft[merges[outer].right] ?? [] where score(next) == ownScore {
                    if let found = conflict(merge.product, merges[next].left, merges[next].right) { return found }
                }
            }
            for outer in byRight[merge.product] ?? [] where score(outer) >= ownScore {
                for previous in byRight[merges[outer].left] ?? [] where score(previous) == ownScore {
                    if let found = conflict(merges[previous].left, merges[previous].right, merge.product) {
                        return found
                    }
                }
            }
        }
        return nil
    }
}
