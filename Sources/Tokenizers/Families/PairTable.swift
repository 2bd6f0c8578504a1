/// What becomes of two neighbouring symbols: a hash table with open addressing.
///
/// Three answers: they merge; they do not, but a piece holds the two next to each other; no piece does. The last one,
/// for two characters, is a place that no token spans, so texts are cut there into short segments.
struct PairTable: Sendable {
    struct Entry {
        var key: UInt64
        /// The priority of the merge, lowest first, or ``noMerge``.
        var rank: UInt32
        var product: Int32
    }

    static let noMerge = UInt32.max
    private static let emptyKey = UInt64.max

    private var entries: [Entry]
    private var shift: UInt64
    private(set) var count = 0

    init(minimumCapacity: Int) {
        var bits: UInt64 = 4
        while 1 << bits < minimumCapacity * 2 { bits += 1 }
        shift = 64 - bits
        entries = Array(repeating: Entry(key: Self.emptyKey, rank: 0, product: 0), count: 1 << bits)
    }

    /// Adds a merge, unless the pair has one already.
    /// - Returns: whether it was added.
    mutating func insert(_ left: Int32, _ right: Int32, rank: UInt32, product: Int32) -> Bool {
        if (count + 1) * 2 > entries.count { grow() }
        let slot = slot(of: Self.key(left, right))
        if entries[slot].key == Self.emptyKey {
            count += 1
        } else if entries[slot].rank != Self.noMerge || rank == Self.noMerge {
            return false
        }
        entries[slot] = Entry(key: Self.key(left, right), rank: rank, product: product)
        return true
    }

    /// Notes that a piece holds the two symbols next to each other.
    mutating func insertNeighbours(_ left: Int32, _ right: Int32) {
        _ = insert(left, right, rank: Self.noMerge, product: 0)
    }

    private mutating func grow() {
        let old = entries
        shift -= 1
        entries = Array(repeating: Entry(key: Self.emptyKey, rank: 0, product: 0), count: old.count * 2)
        for entry in old where entry.key != Self.emptyKey { entries[slot(of: entry.key)] = entry }
    }

    private func slot(of key: UInt64) -> Int {
        entries.withUnsafeBufferPointer { Lookup(entries: $0.baseAddress!, shift: shift, mask: $0.count - 1).slot(key) }
    }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    func withLookup<R>(_ body: (Lookup) -> R) -> R {
        entries.withUnsafeBufferPointer { body(Lookup(entries: $0.baseAddress!, shift: shift, mask: $0.count - 1)) }
    }

    /// The table as the merging loop reads it; valid inside of `withLookup`.
    struct Lookup {
        fileprivate let entries: UnsafePointer<Entry>
        fileprivate let shift: UInt64
        fileprivate let mask: Int

        /// The entry of a pair; nil if no piece holds the two next to each other.
        @inline(__always)
        func find(_ left: Int32, _ right: Int32) -> Entry? {
            let key = PairTable.key(left, right)
            let entry = entries[slot(key)]
            return entry.key == key ? entry : nil
        }

        @inline(__always)
        fileprivate func slot(_ key: UInt64) -> Int {
            var slot = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> shift)
            while entries[slot].key != key, entries[slot].key != PairTable.emptyKey { slot = (slot &+ 1) & mask }
            return slot
        }
    }
}
