/// The working memory of an encoder: made once per thread, used for row after row of any type.
///
/// It grows to the largest need seen and is freed with its owner, so that encoding a row allocates nothing.
public final class EncodingScratch {
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 14, alignment: 64)

    /// Allocates 16 KiB, which grow when a row needs more.
    public init() {}

    deinit { memory.deallocate() }

    /// Room for `count` floats at a 64-byte boundary, its contents unspecified; the next call may hand out the same
    /// room.
    func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        let size = count &* MemoryLayout<Float>.stride
        if memory.count < size {
            memory.deallocate()
            memory = .allocate(byteCount: size, alignment: 64)
        }
        return memory.baseAddress!.bindMemory(to: Float.self, capacity: count)
    }
}
