import Files

/// Whether scores make pieces that merges do not.
enum ScoreForm {
    /// Looks for two pieces, or single characters, that join to a piece which no merge makes.
    ///
    /// Stock llama.cpp would join them, also to special tokens and to unused ones.
    /// - Parameter cutsOutPieces: whether the tokenizer cuts out user-defined pieces before it merges.
    static func conflict(
        in vocabulary: Vocabulary, cutsOutPieces: Bool
    ) throws(TokenizationError) -> TokenizationError? {
        guard vocabulary.model == "llama" else { return nil }
        let table = try PieceTable(vocabulary.pieces)
        for (index, piece) in table.pieces.enumerated()
        where vocabulary.scores[index] == Vocabulary.unmergedScore && !piece.bytes.contains(0x20)
            && !vocabulary.isCutOut(index, cutsOutPieces)
        {
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

    /// Looks for what a `tokenizer.model` and the merges that were made of it would do differently.
    ///
    /// Both take the pair whose product comes first among all that are there. That is the same if every two pieces, or
    /// single characters, that join to a piece are a merge, and if the merges come in the order of their products'
    /// scores. Pairs whose products have the same score are the concern of ``tieConflict(_:)``.
    static func conflict(
        _ merges: [Merge], splits: CharacterBPEModel.Splits, in vocabulary: Vocabulary, cutsOutPieces: Bool
    ) throws(TokenizationError) -> TokenizationError? {
        let table = try PieceTable(vocabulary.pieces)
        func conflict(_ id: TokenID, _ problem: TokenizationError.ScoreProblem) -> TokenizationError {
            TokenizationError(.scoresCannotExpress(id, vocabulary.pieces[Int(id)], problem))
        }
        for (merge, next) in zip(merges, merges.dropFirst()) where merge.product != next.product {
            guard vocabulary.scores[Int(merge.product)] >= vocabulary.scores[Int(next.product)] else {
                return conflict(merge.product, .orderDiffers(vocabulary.pieces[Int(next.product)]))
            }
        }
        struct Pair: Hashable {
            var left: TokenID
            var right: TokenID
        }
        let pairs = Set(merges.map { Pair(left: $0.left, right: $0.right) })
        for (index, piece) in table.pieces.enumerated()
        where !piece.bytes.contains(0x20) && !vocabulary.isCutOut(index, cutsOutPieces) {
            let scalars = UTF8Sequence.characters(of: piece.bytes)
            guard scalars.count > 1 else { continue }
            let hashes = PieceTable.PrefixHashes(piece.bytes)
            for cut in 1..<scalars.count {
                let place = scalars[cut].range.lowerBound
                let left = table.find(0..<place, of: piece.bytes, hashes)
                let right = table.find(place..<piece.count, of: piece.bytes, hashes)
                guard left != nil || cut == 1, right != nil || cut == scalars.count - 1 else { continue }
                if let left, let right, pairs.contains(Pair(left: left, right: right)),
                    !splits.cuts(between: scalars[cut - 1].scalar, and: scalars[cut].scalar)
                {
                    continue
                }
                let parts = (ByteString(piece.bytes[..<place]), ByteString(piece.bytes[place...]))
                return conflict(TokenID(index), .joinsWithoutMerge(parts.0, parts.1))
            }
        }
        return nil
    }
}

extension Vocabulary {
    /// Whether stock llama.cpp cuts the piece out of every text before it merges: a user-defined one that no space which it
    /// puts before a text can complete. What it does with others is said to the user where the tokenizer cuts out pieces.
    fileprivate func isCutOut(_ index: Int, _ cutsOutPieces: Bool) -> Bool {
        kinds[index] == .userDefined && (cutsOutPieces || !pieces[index].bytes.starts(with: SpaceMark.bytes))
    }
}
