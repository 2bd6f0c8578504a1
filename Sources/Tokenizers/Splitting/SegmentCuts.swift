/// How a marked text is cut into segments, of which each is tokenized on its own.
struct SegmentCuts: Sendable {
    /// The pieces that are segments of their own.
    var pieces: PieceSplit?
    /// The other places where the text is cut.
    var splits: CharacterBPEModel.Splits
    /// The pieces that are a token where they are a whole segment, whatever the merges say.
    var wholePieces: WordTable?

    func segments(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        let parts = pieces?.parts(of: text) ?? (text.isEmpty ? [] : [0..<text.count])
        guard !splits.isEmpty else { return parts }
        return parts.flatMap { part in
            var segments: [Range<Int>] = []
            var start = part.lowerBound
            var previous: UInt32?
            for (range, scalar) in UTF8Sequence.characters(of: Array(text[part])) {
                let place = part.lowerBound + range.lowerBound
                if let previous, splits.cuts(between: previous, and: scalar) {
                    segments.append(start..<place)
                    start = place
                }
                previous = scalar
            }
            return segments + [start..<part.upperBound]
        }
    }
}
