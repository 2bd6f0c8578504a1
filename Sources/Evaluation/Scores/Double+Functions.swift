#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Double {
    /// e to the power of the value.
    var exponential: Double { exp(self) }

    var decimalLogarithm: Double { log10(self) }
}
