import Platform

extension Double {
    /// e to the power of the value.
    var exponential: Double { exp(self) }

    var decimalLogarithm: Double { log10(self) }
}
