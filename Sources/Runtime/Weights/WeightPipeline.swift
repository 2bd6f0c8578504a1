import Numerics

/// Hands a pass the weights of one step after another, ready to be multiplied.
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
    /// Steps that are expected.
    private var queue: [WeightGroup] = []
    /// Groups at the start of the queue that the system has been told to read.
    private var advisedCount = 0
    /// Whether the system may forget what it has read.
    private let releasesPages: Bool

    /// Encoded bytes that are to be read ahead.
    private static let advisedByteCount = 64 << 20

    /// The memory of `bankCount` banks for groups of up to `elementCount` values.
    static func workingSet(elementCount: Int, bankCount: Int) -> WorkingSet {
        bankCount * WorkingSet("decoded weights", floatCount: elementCount)
    }

    /// - Parameters:
    ///   - elementCount: of the largest group.
    ///   - bankCount: 2 to decode ahead, else 1.
    init(engine: Engine, elementCount: Int, bankCount: Int, releasesPages: Bool) {
        self.engine = engine
        banks = (0..<bankCount).map { _ in FloatBuffer(count: elementCount) }
        self.releasesPages = releasesPages
    }

    func announce(_ groups: [WeightGroup]) { queue += groups }

    func begin(_ group: WeightGroup) throws -> ReadyWeights {
        if let place = queue.firstIndex(where: { $0.isSame(as: group) }) {
            queue.removeFirst(place + 1)
            advisedCount = max(0, advisedCount - place - 1)
        }
        if releasesPages { current?.advise(.notAgain) }
        current = group
        if let ready, ready.isSame(as: group) {
            bank = 1 - bank
        } else {
            let pieces = group.pieces
            let bank = banks[bank]
            try engine.forEach(pieces.count) { piece, scratch in
                try Self.prepare(pieces[piece], of: group, in: bank, scratch: scratch)
            }
        }
        ready = nil
        let bank = banks[bank]
        return group.ready {
            Projection(matrix: $0, expert: group.expert, PreparedWeights($0.form, bank, offset: $1))
        }
    }

    func forEach(_ count: Int, _ body: @Sendable (_ piece: Int, _ scratch: ScratchSpace) throws -> Void) throws {
        advise()
        guard ready == nil, banks.count > 1, let next = queue.first else { return try engine.forEach(count, body) }
        let pieces = next.pieces
        let other = banks[1 - bank]
        try engine.forEach(count + pieces.count) { piece, scratch in
            if piece < count { return try body(piece, scratch) }
            try Self.prepare(pieces[piece - count], of: next, in: other, scratch: scratch)
        }
        ready = next
    }

    /// Tells the system what to read.
    private func advise() {
        var byteCount = queue.prefix(advisedCount).reduce(0) { $0 + $1.byteCount }
        while advisedCount < queue.count, byteCount < Self.advisedByteCount {
            let group = queue[advisedCount]
            group.advise(.soon)
            byteCount += group.byteCount
            advisedCount += 1
        }
    }

    private static func prepare(
        _ piece: (matrix: Int, rows: Range<Int>), of group: WeightGroup, in bank: FloatBuffer, scratch: ScratchSpace
    ) throws {
        let matrix = group.matrices[piece.matrix]
        try matrix.prepare(
            rows: piece.rows, expert: group.expert,
            in: PreparedWeights(matrix.form, bank, offset: group.offsets[piece.matrix]), at: piece.rows.lowerBound,
            scratch: scratch)
    }
}
