/// A table with one value for each piece of parallel work; threads write different places at the same time.
public final class ResultTable<Value: Sendable>: @unchecked Sendable {
    private let base: UnsafeMutableBufferPointer<Value>

    /// Allocates `count` places, all of which hold `value`.
    public init(repeating value: Value, count: Int) {
        base = .allocate(capacity: count)
        base.initialize(repeating: value)
    }

    deinit {
        base.deinitialize()
        base.deallocate()
    }

    /// The value at a place; no two threads may use one place at the same time.
    public subscript(index: Int) -> Value {
        get { base[index] }
        set { base[index] = newValue }
    }

    /// The number of places.
    public var count: Int { base.count }

    /// A copy of all values in order; no thread may write at the same time.
    public var values: [Value] { Array(base) }
}
