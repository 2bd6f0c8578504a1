#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One number per scored token; threads write different places.
final class LossTable: @unchecked Sendable {
    private let base: UnsafeMutableBufferPointer<Double>

    init(count: Int) {
        base = .allocate(capacity: count)
        base.initialize(repeating: .nan)
    }

    deinit { base.deallocate() }

    subscript(index: Int) -> Double {
        get { base[index] }
        set { base[index] = newValue }
    }

    var values: [Double] { Array(base) }
}

extension Double {
    /// e to the power of the value.
    var exponential: Double { exp(self) }
}
