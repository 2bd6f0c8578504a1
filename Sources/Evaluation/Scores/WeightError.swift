/// The distance of decoded weights from the original ones, gathered piece by piece in float64; all weights are finite.
public struct WeightError: Sendable, Hashable {
    /// The number of elements that were compared.
    public private(set) var count = 0
    /// The greatest |decoded − original|.
    public private(set) var greatestError = 0.0
    /// The number of errors whose magnitude is in [2ᵏ, 2ᵏ⁺¹), at the index k + 127; index 0 counts what is smaller
    /// still.
    public private(set) var octaves = [Int](repeating: 0, count: 256)
    private var squaredError = 0.0
    private var originalSquares = 0.0
    private var decodedSquares = 0.0
    private var products = 0.0
    private var weightedSquaredError = 0.0
    private var weightedSquares = 0.0

    /// Nothing compared so far.
    public init() {}

    /// What was gathered before, with the ``sums`` in their order.
    init(count: Int, octaves: [Int], greatestError: Double, sums: [Double]) {
        (self.count, self.octaves, self.greatestError) = (count, octaves, greatestError)
        (squaredError, originalSquares, decodedSquares) = (sums[0], sums[1], sums[2])
        (products, weightedSquaredError, weightedSquares) = (sums[3], sums[4], sums[5])
    }

    /// All that is summed up over the elements.
    var sums: [Double] {
        [squaredError, originalSquares, decodedSquares, products, weightedSquaredError, weightedSquares]
    }

    /// The root of the mean squared error over the root of the mean square; 0 if both are zero.
    public var relativeRMSE: Double { Self.ratio(squaredError, originalSquares).squareRoot() }

    /// The root of the mean squared error over the root of the mean square, with each column's importance as the weight
    /// of its squares; 0 if both are zero.
    public var weightedRelativeRMSE: Double { Self.ratio(weightedSquaredError, weightedSquares).squareRoot() }

    /// The cosine of the angle between the decoded and the original weights; 1 if both are zero.
    public var cosine: Double {
        let norms = (originalSquares * decodedSquares).squareRoot()
        return norms > 0 ? products / norms : originalSquares == decodedSquares ? 1 : 0
    }

    /// ⟨decoded, original⟩ / ⟨original, original⟩: below 1 the weights have shrunk.
    public var gain: Double { originalSquares > 0 ? products / originalSquares : 1 }

    /// The signal-to-noise ratio in decibels; infinite without an error.
    public var decibels: Double {
        squaredError == 0 ? .infinity : 10 * (originalSquares / squaredError).decimalLogarithm
    }

    /// The root of the mean square of the original weights.
    public var originalRMS: Double { count > 0 ? (originalSquares / Double(count)).squareRoot() : 0 }

    private static func ratio(_ error: Double, _ size: Double) -> Double {
        size > 0 ? error / size : error == 0 ? 0 : .infinity
    }

    /// Adds a piece of one row.
    ///
    /// - Parameters:
    ///   - original: The `count` original weights.
    ///   - decoded: The `count` weights that came back.
    ///   - count: The elements of the piece.
    ///   - importance: One weight per column of the piece, or nil for ones.
    public mutating func add(
        original: UnsafePointer<Float>, decoded: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?
    ) {
        self.count += count
        octaves.withUnsafeMutableBufferPointer { octaves in
            for index in 0..<count {
                let (x, q) = (Double(original[index]), Double(decoded[index]))
                let error = q - x
                let weight = importance.map { Double($0[index]) } ?? 1
                squaredError += error * error
                originalSquares += x * x
                decodedSquares += q * q
                products += x * q
                weightedSquaredError += weight * (error * error)
                weightedSquares += weight * (x * x)
                greatestError = max(greatestError, error.magnitude)
                octaves[Int(Float(error).bitPattern >> 23) & 255] += 1
            }
        }
    }

    /// Adds what another value has gathered, as if it had been gathered here.
    public mutating func add(_ other: WeightError) {
        count += other.count
        greatestError = max(greatestError, other.greatestError)
        for index in octaves.indices { octaves[index] += other.octaves[index] }
        squaredError += other.squaredError
        originalSquares += other.originalSquares
        decodedSquares += other.decodedSquares
        products += other.products
        weightedSquaredError += other.weightedSquaredError
        weightedSquares += other.weightedSquares
    }
}
