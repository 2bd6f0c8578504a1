/// Memory that is reused from one stage to the next; each instance belongs to one thread at a time.
final class ScratchSpace: @unchecked Sendable {
    enum Slot: Int, CaseIterable {
        case encoded
        case decodedA, decodedB, decodedC, decodedD
        case normalized, query, key, value, mixed, scores
        case gathered, gate, up, down
    }

    private var buffers = [FloatBuffer?](repeating: nil, count: Slot.allCases.count)

    /// At least `count` values in `slot`, holding whatever was there before.
    func floats(_ slot: Slot, _ count: Int) -> UnsafeMutablePointer<Float> {
        if let buffer = buffers[slot.rawValue], buffer.count >= count { return buffer.base }
        buffers[slot.rawValue] = nil
        let buffer = FloatBuffer(count: count)
        buffers[slot.rawValue] = buffer
        return buffer.base
    }

    /// At least `count` bytes for encoded rows.
    func encodedBytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: floats(.encoded, (count + 3) / 4), count: count)
    }
}
