import Platform

/// Working memory at a 64-byte boundary, which threads may share.
public final class FloatBuffer: @unchecked Sendable {
    /// The address of the first value; valid as long as the buffer lives.
    public let base: UnsafeMutablePointer<Float>
    /// The number of values.
    public let count: Int

    /// The size of the pages that large buffers ask the system for: fewer pages are found faster, and sooner filled
    /// with zeros.
    private static let hugePageByteCount = 1 << 21

    /// Allocates `count` values without setting them.
    public init(count: Int) {
        let byteCount = max(1, count) * MemoryLayout<Float>.stride
        let isLarge = byteCount >= 2 * Self.hugePageByteCount
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount, alignment: isLarge ? Self.hugePageByteCount : 64)
        if isLarge { POSIX.adviseHugePages(bytes, byteCount: byteCount) }
        base = bytes.bindMemory(to: Float.self, capacity: count)
        self.count = count
    }

    /// Allocates `count` values, all of them equal to `value`.
    public convenience init(repeating value: Float, count: Int) {
        self.init(count: count)
        base.initialize(repeating: value, count: count)
    }

    deinit { base.deallocate() }
}
