import Dispatch
import Numerics

/// Memory that is reused from one stage to the next, and the time spent with it; each instance belongs to one thread at a
/// time.
final class ScratchSpace: @unchecked Sendable {
    enum Slot: Int, CaseIterable {
        case encoded, decoded, weights
        /// Rows as wide as the residual stream: what a norm or a block's last matrix gives.
        case states
        case query, key, value, mixed, scores
        case gathered, gate, up
        case products
        case rounded, tile
    }

    private var buffers = [FloatBuffer?](repeating: nil, count: Slot.allCases.count)
    private(set) var times = PassTimes()

    /// The memory of slots that hold so many values each; what one stage has left, the next one uses.
    static func workingSet(_ counts: KeyValuePairs<Slot, Int>) -> WorkingSet {
        counts.reduce(.none) { $0 + WorkingSet("\($1.key) of threads", floatCount: $1.value) }
    }

    /// The memory of the products of `rowCount` rows.
    static func productWorkingSet(rowCount: Int) -> WorkingSet {
        workingSet([.products: RowProducts.roomCount(rowCount: rowCount)])
    }

    /// At least `count` values in `slot`, holding whatever was there before.
    func floats(_ slot: Slot, _ count: Int) -> UnsafeMutablePointer<Float> { buffer(slot, count).base }

    /// The buffer behind `slot`, with room for at least `count` values that hold whatever was there before.
    func buffer(_ slot: Slot, _ count: Int) -> FloatBuffer {
        if let buffer = buffers[slot.rawValue], buffer.count >= count { return buffer }
        buffers[slot.rawValue] = nil
        let buffer = FloatBuffer(count: count)
        buffers[slot.rawValue] = buffer
        return buffer
    }

    /// At least `count` bytes for encoded rows.
    func encodedBytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: floats(.encoded, (count + 3) / 4), count: count)
    }

    /// What products of `rowCount` rows with a matrix need to work with.
    func productRoom(rowCount: Int) -> UnsafeMutablePointer<Float> {
        floats(.products, RowProducts.roomCount(rowCount: rowCount))
    }

    /// Gives the memory back.
    func release() {
        for slot in buffers.indices { buffers[slot] = nil }
    }

    /// Does some work of one stage.
    @inline(__always)
    func time<Result>(_ stage: PassTimes.Activity, _ work: () throws -> Result) rethrows -> Result {
        let start = DispatchTime.now().uptimeNanoseconds
        defer { times.add(DispatchTime.now().uptimeNanoseconds &- start, to: stage) }
        return try work()
    }
}
