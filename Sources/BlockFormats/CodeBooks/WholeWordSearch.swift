import CSIMD

/// The search over the words of a ``WholeWordBook``.
struct WholeWordSearch: CodeWordSearch {
    let layout: SuperblockLayout
    let room: SuperblockRoom
    private let tables: WholeWordTables
    /// A and −2 B of every code word, group by group.
    private let squares: UnsafeMutablePointer<Float>
    private let slopes: UnsafeMutablePointer<Float>

    static let momentCount = 2 * 32 * 512

    init(_ tables: WholeWordTables, _ layout: SuperblockLayout, _ room: SuperblockRoom) {
        self.layout = layout
        self.room = room
        self.tables = tables
        squares = room.moments
        slopes = room.moments + 32 * 16 * tables.vectorCount
    }

    func prepare(group: Int) {
        let start = 8 &* group
        @inline(__always)
        func factor(_ index: Int) -> Float { room.weights[index] * room.values[index].magnitude }
        @inline(__always)
        func moments(_ pair: Int) -> (squares: Lanes, slopes: Lanes, flips: Lanes) {
            let index = start &+ 2 &* pair
            let (first, second) = (factor(index), factor(index &+ 1))
            return (
                tables.pairs.squares(room.weights[index], room.weights[index &+ 1]),
                tables.pairs.sums(-2 * first, -2 * second), tables.pairs.least(4 * first, 4 * second)
            )
        }
        let (a, b, c, d) = (moments(0), moments(1), moments(2), moments(3))
        let isOdd = signBits(UnsafePointer(room.values).eight(start)).nonzeroBitCount & 1 == 1
        for vector in 0..<tables.vectorCount {
            let place = 16 &* (tables.vectorCount &* group &+ vector)
            squares.store(tables.spread((a.squares, b.squares, c.squares, d.squares), vector: vector), place)
            var sum = tables.spread((a.slopes, b.slopes, c.slopes, d.slopes), vector: vector)
            if isOdd { sum += tables.least((a.flips, b.flips, c.flips, d.flips), vector: vector) }
            slopes.store(sum, place)
        }
    }

    @inline(__always)
    func bestWord(group: Int, scale: Float, kind: Int, isExact: Bool) -> FoundWord {
        let squares = self.squares + 16 &* tables.vectorCount &* group
        let slopes = self.slopes + 16 &* tables.vectorCount &* group
        let index = LeastIndex.index(vectorCount: tables.vectorCount) { vector in
            csimd_multiply_add(squares.lanes(16 &* vector), Lanes(repeating: scale), slopes.lanes(16 &* vector))
        }
        return FoundWord(index: index, error: QuadraticError(a: squares[index], b: -0.5 * slopes[index]))
    }

    @inline(__always)
    func signs(_ found: FoundWord, group: Int) -> UInt32 {
        tables.signs(
            UnsafePointer(room.values).eight(8 &* group), UnsafePointer(room.weights).eight(8 &* group),
            word: found.index)
    }
}
