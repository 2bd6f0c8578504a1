/// One value per piece of parallel work; threads write different places.
public final class ResultTable<Value: Sendable>: @unchecked Sendable {
    private let base: UnsafeMutableBufferPointer<Value>

    public init(repeating value: Value, count: Int) {
        base = .allocate(capacity: count)
        base.initialize(repeating: value)
    }

    deinit {
        base.deinitialize()
        base.deallocate()
    }

    public subscript(index: Int) -> Value {
        get { base[index] }
        set { base[index] = newValue }
    }

    public var count: Int { base.count }

    public var values: [Value] { Array(base) }
}
