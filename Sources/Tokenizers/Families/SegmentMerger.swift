/// Merges the symbols of one segment of text, lowest rank first and leftmost first among equals.
///
/// Short segments are searched through for the next merge; long ones keep a heap and a linked list, so the work is
/// n·log n in the worst case.
struct SegmentMerger: ~Copyable {
    /// Up to here searching beats the heap.
    private static let searchLimit = 40
    /// A segment is cut here, so that positions fit 32 bits.
    private static let lengthLimit = Int(Int32.max)

    private let pairs: PairTable.Lookup
    private var symbols: UnsafeMutablePointer<Int32>
    /// The merge of each symbol with its right neighbour.
    private var ranks: UnsafeMutablePointer<UInt32>
    private var products: UnsafeMutablePointer<Int32>
    private var capacity = 256
    private(set) var count = 0
    /// The rank of the latest merge.
    private(set) var lastRank = PairTable.noMerge

    init(pairs: PairTable.Lookup) {
        self.pairs = pairs
        symbols = .allocate(capacity: capacity)
        ranks = .allocate(capacity: capacity)
        products = .allocate(capacity: capacity)
    }

    deinit {
        symbols.deallocate()
        ranks.deallocate()
        products.deallocate()
    }

    /// Adds a symbol at the right end.
    /// - Returns: false, and adds nothing, where no token can span the last symbol and this one.
    @inline(__always)
    mutating func append(_ symbol: Int32) -> Bool {
        if count > 0 {
            guard count < Self.lengthLimit, let entry = pairs.find(symbols[count &- 1], symbol) else { return false }
            ranks[count &- 1] = entry.rank
            products[count &- 1] = entry.product
        }
        if count == capacity { grow() }
        symbols[count] = symbol
        ranks[count] = PairTable.noMerge
        count &+= 1
        return true
    }

    /// Merges the segment, hands its symbols to `body` and begins the next one.
    @inline(__always)
    mutating func finish(_ body: (Int32) -> Void) {
        if count > Self.searchLimit { mergeWithHeap() } else if count > 1 { mergeBySearch() }
        for index in 0..<count { body(symbols[index]) }
        count = 0
    }

    private mutating func grow() {
        func moved<T>(_ old: UnsafeMutablePointer<T>) -> UnsafeMutablePointer<T> {
            let new = UnsafeMutablePointer<T>.allocate(capacity: capacity * 2)
            new.moveInitialize(from: old, count: count)
            old.deallocate()
            return new
        }
        symbols = moved(symbols)
        ranks = moved(ranks)
        products = moved(products)
        capacity *= 2
    }

    @inline(__always)
    private func setMerge(of index: Int, with right: Int) {
        if let entry = pairs.find(symbols[index], symbols[right]) {
            ranks[index] = entry.rank
            products[index] = entry.product
        } else {
            ranks[index] = PairTable.noMerge
        }
    }

    private mutating func mergeBySearch() {
        while count > 1 {
            var best = PairTable.noMerge
            var at = 0
            for index in 0..<count &- 1 where ranks[index] < best {
                best = ranks[index]
                at = index
            }
            guard best != PairTable.noMerge else { return }
            lastRank = best
            symbols[at] = products[at]
            count &-= 1
            for index in at &+ 1..<Swift.max(count, at &+ 1) {
                symbols[index] = symbols[index &+ 1]
                ranks[index] = ranks[index &+ 1]
                products[index] = products[index &+ 1]
            }
            if at &+ 1 < count { setMerge(of: at, with: at &+ 1) } else { ranks[at] = PairTable.noMerge }
            if at > 0 { setMerge(of: at &- 1, with: at) }
        }
    }

    private mutating func mergeWithHeap() {
        let count = count
        let next = UnsafeMutablePointer<Int32>.allocate(capacity: count)
        let previous = UnsafeMutablePointer<Int32>.allocate(capacity: count)
        defer {
            next.deallocate()
            previous.deallocate()
        }
        // Each merge takes one entry out and puts two in at most.
        var heap = MergeHeap(capacity: 2 * count)
        for index in 0..<count {
            next[index] = index + 1 < count ? Int32(truncatingIfNeeded: index + 1) : -1
            previous[index] = Int32(truncatingIfNeeded: index) - 1
            if ranks[index] != PairTable.noMerge { heap.append(rank: ranks[index], position: index) }
        }
        heap.order()
        while let (rank, position) = heap.popFirst() {
            guard ranks[position] == rank else { continue }
            let right = Int(next[position])
            lastRank = rank
            symbols[position] = products[position]
            ranks[right] = PairTable.noMerge
            let after = next[right]
            next[position] = after
            if after >= 0 {
                previous[Int(after)] = Int32(truncatingIfNeeded: position)
                setMerge(of: position, with: Int(after))
                if ranks[position] != PairTable.noMerge { heap.push(rank: ranks[position], position: position) }
            } else {
                ranks[position] = PairTable.noMerge
            }
            let before = Int(previous[position])
            if before >= 0 {
                setMerge(of: before, with: position)
                if ranks[before] != PairTable.noMerge { heap.push(rank: ranks[before], position: before) }
            }
        }
        var position = 0
        var kept = 0
        while position >= 0 {
            symbols[kept] = symbols[position]
            kept += 1
            position = Int(next[position])
        }
        self.count = kept
    }
}

/// A binary heap of merges that may have been overtaken since they were put in.
private struct MergeHeap: ~Copyable {
    private let keys: UnsafeMutablePointer<UInt64>
    private var count = 0

    init(capacity: Int) { keys = .allocate(capacity: capacity) }

    deinit { keys.deallocate() }

    /// Adds an entry without ordering; call `order()` after the last one.
    mutating func append(rank: UInt32, position: Int) {
        keys[count] = UInt64(rank) << 32 | UInt64(UInt32(truncatingIfNeeded: position))
        count &+= 1
    }

    mutating func order() {
        for index in stride(from: count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    mutating func push(rank: UInt32, position: Int) {
        append(rank: rank, position: position)
        var index = count &- 1
        let key = keys[index]
        while index > 0 {
            let parent = (index &- 1) / 2
            guard keys[parent] > key else { break }
            keys[index] = keys[parent]
            index = parent
        }
        keys[index] = key
    }

    mutating func popFirst() -> (rank: UInt32, position: Int)? {
        guard count > 0 else { return nil }
        let key = keys[0]
        count &-= 1
        keys[0] = keys[count]
        sink(0)
        return (UInt32(truncatingIfNeeded: key >> 32), Int(UInt32(truncatingIfNeeded: key)))
    }

    private func sink(_ start: Int) {
        var index = start
        let key = keys[index]
        while true {
            var child = 2 &* index &+ 1
            guard child < count else { break }
            if child &+ 1 < count, keys[child &+ 1] < keys[child] { child &+= 1 }
            guard keys[child] < key else { break }
            keys[index] = keys[child]
            index = child
        }
        keys[index] = key
    }
}
