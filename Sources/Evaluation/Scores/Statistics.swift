/// A mean and its standard error, both in the unit of the values.
public struct MeanWithError: Sendable, Hashable {
    /// The mean of the values.
    public let mean: Double
    /// The standard error of the mean; 0 where a single value leaves it unknown.
    public let error: Double

    init(mean: Double, error: Double) {
        self.mean = mean
        self.error = error
    }

    /// The mean of independent values; a single one has no known error, which is given as 0.
    init(_ values: some Collection<Double>) {
        let count = Double(values.count)
        mean = values.reduce(0, +) / count
        let center = mean
        let squares = values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
        error = values.count > 1 ? (squares / count / (count - 1)).squareRoot() : 0
    }

    /// Σ values / Σ sizes, with the error of a ratio estimator; not a number if all sizes are 0.
    init(ratioOf values: [Double], to sizes: [Double]) {
        let size = sizes.reduce(0, +)
        let ratio = values.reduce(0, +) / size
        let squares = zip(values, sizes).reduce(0) { $0 + ($1.0 - ratio * $1.1) * ($1.0 - ratio * $1.1) }
        let count = Double(values.count)
        mean = ratio
        error = count > 1 ? (squares * count / (count - 1)).squareRoot() / size : 0
    }

    /// The mean of independent estimates, each with the same weight.
    ///
    /// - Parameter estimates: At least one.
    public init(averageOf estimates: [MeanWithError]) {
        let count = Double(estimates.count)
        mean = estimates.reduce(0) { $0 + $1.mean } / count
        error = estimates.reduce(0) { $0 + $1.error * $1.error }.squareRoot() / count
    }

    /// The same quantity in bits, if this is in nats.
    public var bits: MeanWithError {
        let perNat = 1.442_695_040_888_963_4
        return MeanWithError(mean: mean * perNat, error: error * perNat)
    }

    /// e to the power of the mean, with the error by the delta method.
    public var exponential: MeanWithError {
        MeanWithError(mean: mean.exponential, error: mean.exponential * error)
    }
}

/// Values of which quantiles can be asked for; there is at least one.
public struct Distribution: Sendable, Hashable {
    private let sorted: [Double]

    init(_ values: some Collection<Double>) { sorted = values.sorted() }

    /// The value that a share `part`, from 0 to 1, of all values lies below, between neighbours by linear interpolation
    /// as llama.cpp has it.
    public func quantile(_ part: Double) -> Double {
        let place = min(max(part, 0), 1) * Double(sorted.count - 1)
        let index = Int(place)
        let fraction = place - Double(index)
        return (1 - fraction) * sorted[index] + fraction * sorted[min(index + 1, sorted.count - 1)]
    }

    /// The least of the values.
    public var minimum: Double { sorted.first! }
    /// The greatest of the values.
    public var maximum: Double { sorted.last! }
    /// The value that half of the values lie below.
    public var median: Double { quantile(0.5) }
}
