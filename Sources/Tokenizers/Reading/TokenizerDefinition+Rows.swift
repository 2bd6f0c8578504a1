import ByteJSON
import Files

extension TokenizerDefinition {
    /// Leaves out the tokens that have no row in an embedding, with the merges that need them.
    /// - Returns: what was left out.
    mutating func keep(rowCount: Int) -> [TokenizationWarning] {
        var dropped = Set(addedTokens.map(\.id).filter { $0 >= rowCount })
        addedTokens.removeAll { $0.id >= rowCount }
        if let vocabulary = model["vocab"]?.object {
            let pieces = vocabulary.members.filter { ($0.value.integer ?? 0) >= rowCount }
            dropped.formUnion(pieces.compactMap(\.value.integer))
            if !pieces.isEmpty { leaveOut(Set(pieces.map(\.key)), of: vocabulary) }
        } else if let vocabulary = model["vocab"]?.array, vocabulary.count > rowCount {
            dropped.formUnion(rowCount..<vocabulary.count)
            replace("vocab", by: .array(Array(vocabulary.prefix(rowCount))))
        }
        guard let first = dropped.min(), let id = TokenID(exactly: first) else { return [] }
        return [TokenizationWarning(.tokensWithoutRows(first: id, count: dropped.count, rowCount: rowCount))]
    }

    private mutating func leaveOut(_ pieces: Set<ByteString>, of vocabulary: JSONObject) {
        replace("vocab", by: .object(JSONObject(vocabulary.members.filter { !pieces.contains($0.key) })))
        guard let merges = model["merges"]?.array else { return }
        let kept = merges.filter { merge in
            let line = merge.bytes?.bytes.split(separator: 0x20).map { ByteString($0) }
            let operands = line ?? merge.array?.compactMap(\.bytes) ?? []
            return !(operands + [ByteString(operands.flatMap(\.bytes))]).contains(where: pieces.contains)
        }
        replace("merges", by: .array(kept))
    }

    private mutating func replace(_ key: ByteString, by value: JSON) {
        model.members = JSONObject(model.members.members.map { $0.key == key ? (key, value) : $0 })
    }
}
