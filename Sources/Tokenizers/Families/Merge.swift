import ByteJSON
import Files

/// Two tokens that become one. Its place in a list is its rank: lower ranks are merged first.
struct Merge: Sendable {
    var left: TokenID
    var right: TokenID
    var product: TokenID

    /// The merges of a `tokenizer.json`, each two pieces or one string with a space between them.
    /// - Parameters:
    ///   - addedOnly: the tokens that the merges' vocabulary does not have.
    ///   - bytes: tokens that cannot be merged.
    static func list(
        _ json: JSON?, _ table: PieceTable, addedOnly: Set<TokenID>, bytes: [TokenID: UInt8] = [:]
    ) throws(TokenizationError) -> [Merge] {
        guard let list = json?.array else { throw TokenizerDefinition.malformed("model.merges", "an array") }
        var merges = MergeList(table: table, addedOnly: addedOnly, bytes: bytes, capacity: list.count)
        for item in list {
            if let line = item.bytes {
                try merges.append(line: line)
            } else {
                let operands = item.array?.compactMap { $0.bytes?.bytes[...] } ?? []
                try merges.append(item.array?.count == 2 ? operands : [])
            }
        }
        return merges.merges
    }

    /// The merges of a GGUF file: `tokenizer.ggml.merges`.
    static func list(_ lines: [ByteString], _ table: PieceTable) throws(TokenizationError) -> [Merge] {
        var merges = MergeList(table: table, addedOnly: [], bytes: [:], capacity: lines.count)
        for line in lines { try merges.append(line: line) }
        return merges.merges
    }
}

/// Merges that are checked one by one.
private struct MergeList {
    private let table: PieceTable
    private let addedOnly: Set<TokenID>
    private let bytes: [TokenID: UInt8]
    private var ranks: [UInt64: Int] = [:]
    private(set) var merges: [Merge] = []

    init(table: PieceTable, addedOnly: Set<TokenID>, bytes: [TokenID: UInt8], capacity: Int) {
        self.table = table
        self.addedOnly = addedOnly
        self.bytes = bytes
        ranks.reserveCapacity(capacity)
        merges.reserveCapacity(capacity)
    }

    mutating func append(line: ByteString) throws(TokenizationError) {
        try append(line.bytes.split(separator: 0x20, omittingEmptySubsequences: false))
    }

    mutating func append(_ operands: [ArraySlice<UInt8>]) throws(TokenizationError) {
        let index = merges.count
        guard operands.count == 2, operands.allSatisfy({ !$0.isEmpty }) else {
            throw TokenizationError(.merge(index: index, .malformed))
        }
        guard let left = token(operands[0]) else {
            throw TokenizationError(.merge(index: index, .missingToken(ByteString(operands[0]))))
        }
        guard let right = token(operands[1]) else {
            throw TokenizationError(.merge(index: index, .missingToken(ByteString(operands[1]))))
        }
        guard bytes[left] == nil, bytes[right] == nil else {
            throw TokenizationError(.merge(index: index, .joinsByteTokens))
        }
        let joined = operands[0] + operands[1]
        guard let product = token(joined) else {
            throw TokenizationError(.merge(index: index, .missingProduct(ByteString(joined))))
        }
        let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        if let first = ranks.updateValue(index, forKey: key) {
            throw TokenizationError(.merge(index: index, .duplicate(of: first)))
        }
        merges.append(Merge(left: left, right: right, product: product))
    }

    private func token(_ bytes: ArraySlice<UInt8>) -> TokenID? {
        table.find(bytes).flatMap { addedOnly.contains($0) ? nil : $0 }
    }
}
