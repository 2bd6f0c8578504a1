/// How far some weights are from others: sums over the elements of both, in float64.
public struct Agreement: Sendable, Equatable {
    /// The number of elements.
    public internal(set) var count = 0
    /// Σ x², of the original weights.
    var squares = 0.0
    /// Σ (q − x)².
    var errors = 0.0
    /// Σ x (q − x).
    var products = 0.0

    /// ‖q − x‖ / ‖x‖: 0 if both are zero.
    public var relativeError: Double { squares > 0 ? (errors / squares).squareRoot() : errors == 0 ? 0 : .infinity }

    /// ⟨x, q⟩ / ⟨x, x⟩: the factor by which the weights have grown, seen through the noise; 1 if all originals are zero.
    public var gain: Double { squares > 0 ? 1 + products / squares : 1 }

    /// The cosine of the angle between the weights; 1 if both are zero, 0 if one is.
    public var cosine: Double {
        let decoded = max(0, squares + 2 * products + errors)
        let norms = (squares * decoded).squareRoot()
        return norms > 0 ? (squares + products) / norms : errors == 0 ? 1 : 0
    }

    /// The mean squared error of an element.
    var meanError: Double { count > 0 ? errors / Double(count) : 0 }

    mutating func add(_ other: Agreement) {
        count += other.count
        squares += other.squares
        errors += other.errors
        products += other.products
    }
}
