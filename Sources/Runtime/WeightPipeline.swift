import Numerics

/// Hands a pass the decoded weights of one step after another.
///
/// While the pieces of a step run, threads that have none left decode the next step's weights, and the system reads those
/// of the steps after it.
final class WeightPipeline: StepRunner {
    private let engine: Engine
    /// Room for two groups that take turns, or for one if memory is short.
    private let banks: [FloatBuffer]
    private var bank = 0
    private var current: WeightGroup?
    /// What is decoded in the other bank.
    private var ready: WeightGroup?
    private var queue: [WeightGroup] = []
    /// Groups at the start of the queue that the system has been told to read.
    private var announcedCount = 0
    /// Whether the system may forget what it has read.
    private let releasesPages: Bool

    /// Encoded bytes that are announced ahead.
    private static let announcedByteCount = 64 << 20

    /// - Parameters:
    ///   - elementCount: of the largest group.
    ///   - bankCount: 2 to decode ahead, else 1.
    init(engine: Engine, elementCount: Int, bankCount: Int, releasesPages: Bool) {
        self.engine = engine
        banks = (0..<bankCount).map { _ in FloatBuffer(count: elementCount) }
        self.releasesPages = releasesPages
    }

    func enqueue(_ groups: [WeightGroup]) { queue += groups }

    func begin() throws -> [Projection] {
        let group = queue.removeFirst()
        announcedCount = max(0, announcedCount - 1)
        if releasesPages { current?.advise(.notAgain) }
        current = group
        if let ready, ready.isSame(as: group) {
            bank = 1 - bank
        } else {
            let pieces = group.pieces
            let target = SharedTarget(base: banks[bank].base)
            try engine.parallel.forEach(pieces.count) { [engine] piece, worker in
                try Self.decode(pieces[piece], of: group, into: target, scratch: engine.workers[worker])
            }
        }
        ready = nil
        return zip(group.matrices, group.offsets).map {
            Projection(matrix: $0, expert: group.expert, decoded: banks[bank], offset: $1)
        }
    }

    func forEach(_ count: Int, _ body: @Sendable (_ piece: Int, _ scratch: ScratchSpace) throws -> Void) throws {
        announce()
        guard ready == nil, banks.count > 1, let next = queue.first else {
            return try engine.parallel.forEach(count) { [engine] piece, worker in
                try body(piece, engine.workers[worker])
            }
        }
        let pieces = next.pieces
        let target = SharedTarget(base: banks[1 - bank].base)
        try engine.parallel.forEach(count + pieces.count) { [engine] piece, worker in
            let scratch = engine.workers[worker]
            if piece < count { return try body(piece, scratch) }
            try Self.decode(pieces[piece - count], of: next, into: target, scratch: scratch)
        }
        ready = next
    }

    private func announce() {
        var byteCount = queue.prefix(announcedCount).reduce(0) { $0 + $1.byteCount }
        while announcedCount < queue.count, byteCount < Self.announcedByteCount {
            let group = queue[announcedCount]
            group.advise(.soon)
            byteCount += group.byteCount
            announcedCount += 1
        }
    }

    private static func decode(
        _ piece: (matrix: Int, rows: Range<Int>), of group: WeightGroup, into target: SharedTarget,
        scratch: ScratchSpace
    ) throws {
        let matrix = group.matrices[piece.matrix]
        try matrix.decode(
            rows: piece.rows, expert: group.expert,
            into: target.base + group.offsets[piece.matrix] + piece.rows.lowerBound * matrix.columns, scratch: scratch)
    }
}
