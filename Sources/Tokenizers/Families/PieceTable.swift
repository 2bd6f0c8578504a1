import Files

/// Finds tokens by their bytes, also by the bytes of a part of another piece without copying it.
///
/// The hash is a polynomial over the bytes, so the hashes of all prefixes of a piece give that of any substring in
/// constant time: splitting long pieces everywhere stays linear in their length.
struct PieceTable: Sendable {
    /// The hashes of all prefixes of one piece.
    struct PrefixHashes {
        fileprivate let values: [UInt64]

        init(_ bytes: [UInt8]) {
            var values: [UInt64] = [0]
            values.reserveCapacity(bytes.count + 1)
            for byte in bytes { values.append(values[values.count - 1] &* PieceTable.base &+ UInt64(byte) &+ 1) }
            self.values = values
        }
    }

    private static let base: UInt64 = 0x9e37_79b9_7f4a_7c15

    let pieces: [ByteString]
    private var slots: [TokenID]
    private var hashes: [UInt64]
    /// Powers of the base up to the longest piece.
    private let powers: [UInt64]

    /// - Throws: `TokenizationError` for an empty piece or one that is there twice.
    init(_ pieces: [ByteString]) throws(TokenizationError) {
        guard pieces.count <= Int(TokenID.max) else { throw TokenizationError(.tooManyTokens(count: pieces.count)) }
        self.pieces = pieces
        var slotCount = 16
        while slotCount < pieces.count * 2 { slotCount *= 2 }
        slots = Array(repeating: -1, count: slotCount)
        hashes = Array(repeating: 0, count: slotCount)
        var powers: [UInt64] = [1]
        for _ in 0..<(pieces.lazy.map(\.count).max() ?? 0) { powers.append(powers[powers.count - 1] &* Self.base) }
        self.powers = powers
        for (index, piece) in pieces.enumerated() {
            let id = TokenID(index)
            guard !piece.isEmpty else { throw TokenizationError(.emptyPiece(id)) }
            let hash = Self.hash(piece.bytes[...])
            let slot = slot(of: hash, piece.bytes[...])
            guard slots[slot] < 0 else {
                throw TokenizationError(.duplicatePiece(piece, first: slots[slot], second: id))
            }
            slots[slot] = id
            hashes[slot] = hash
        }
    }

    /// The token spelled by `bytes`.
    func find(_ bytes: ArraySlice<UInt8>) -> TokenID? { find(bytes, hash: Self.hash(bytes)) }

    /// The token spelled by `bytes`.
    func find(_ bytes: UnsafeBufferPointer<UInt8>) -> TokenID? {
        guard bytes.count < powers.count else { return nil }
        let hash = bytes.reduce(0) { $0 &* Self.base &+ UInt64($1) &+ 1 }
        let mask = slots.count - 1
        var slot = Self.slot(of: hash, mask)
        while slots[slot] >= 0 {
            if hashes[slot] == hash, pieces[Int(slots[slot])].bytes.elementsEqual(bytes) { return slots[slot] }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// The token spelled by `piece[range]`.
    func find(_ range: Range<Int>, of piece: [UInt8], _ prefixes: PrefixHashes) -> TokenID? {
        guard range.count < powers.count else { return nil }
        let hash = prefixes.values[range.upperBound] &- prefixes.values[range.lowerBound] &* powers[range.count]
        return find(piece[range], hash: hash)
    }

    private func find(_ bytes: ArraySlice<UInt8>, hash: UInt64) -> TokenID? {
        let id = slots[slot(of: hash, bytes)]
        return id < 0 ? nil : id
    }

    private func slot(of hash: UInt64, _ bytes: ArraySlice<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Self.slot(of: hash, mask)
        while slots[slot] >= 0 {
            if hashes[slot] == hash, pieces[Int(slots[slot])].bytes[...] == bytes { return slot }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private static func slot(of hash: UInt64, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: (hash ^ hash >> 32) &* 0xd6e8_feb8_6659_fd93 >> 20) & mask
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 &* base &+ UInt64($1) &+ 1 }
    }
}
