/// One value per scored token; threads write different places.
final class ResultTable<Value: Sendable>: @unchecked Sendable {
    private let base: UnsafeMutableBufferPointer<Value>

    init(repeating value: Value, count: Int) {
        base = .allocate(capacity: count)
        base.initialize(repeating: value)
    }

    deinit { base.deallocate() }

    subscript(index: Int) -> Value {
        get { base[index] }
        set { base[index] = newValue }
    }

    var values: [Value] { Array(base) }
}
