import TensorCore

/// Whether scores make pieces that merges do not.
enum ScoreForm {
    /// Looks for two pieces, or single characters, that join to a piece which no merge makes.
    ///
    /// Stock llama.cpp would join them, also to special tokens and to unused ones.
    static func conflict(in vocabulary: Vocabulary) throws(TokenizationError) -> TokenizationError? {
        guard vocabulary.model == "llama" else { return nil }
        let table = try PieceTable(vocabulary.pieces)
        for (index, piece) in table.pieces.enumerated()
        where vocabulary.scores[index] == Vocabulary.unmergedScore && !piece.bytes.contains(0x20) {
            let scalars = UTF8Sequence.characters(of: piece.bytes)
            guard scalars.count > 1 else { continue }
            let hashes = PieceTable.PrefixHashes(piece.bytes)
            for cut in 1..<scalars.count {
                let place = scalars[cut].range.lowerBound
                if cut == 1 || table.find(0..<place, of: piece.bytes, hashes) != nil,
                    cut == scalars.count - 1 || table.find(place..<piece.count, of: piece.bytes, hashes) != nil
                {
                    let (left, right) = (ByteString(piece.bytes[..<place]), ByteString(piece.bytes[place...]))
                    return TokenizationError(
                        .scoresCannotExpress(TokenID(index), piece, .joinsWithoutMerge(left, right)))
                }
            }
        }
        return nil
    }
}
