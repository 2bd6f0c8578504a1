import Tensors

/// What it costs to encode tensors, for progress that goes with the work and not with the bytes.
///
/// The rates are those of Docs/Benchmarks.md, "Encoders"; only their ratios matter.
package enum EncodingCost {
    /// Millions of weights that one thread encodes per second.
    private static let rates: [TensorType: Double] = [
        .q4_0: 124, .q4_1: 86, .q5_0: 121, .q5_1: 86, .q2_K: 23, .q3_K: 42, .q4_K: 59, .q5_K: 59, .q6_K: 69,
        .iq2_XXS: 15, .iq2_XS: 9, .iq2_S: 7, .iq3_XXS: 5, .iq3_S: 5, .iq1_S: 9, .iq1_M: 8, .iq4_NL: 51, .iq4_XS: 21,
        .nvfp4: 75,
    ]
    /// Millions of weights that are read, stored and written per second, whatever their type.
    private static let copyingRate = 300.0

    /// Products of the errors of weights with the inputs' second moments, in millions a second.
    private static let feedbackRate = 20_000.0

    /// The microseconds of one thread, about.
    package static func of(_ target: TensorDescriptor) -> Double {
        Double(target.shape.elementCount) * (1 / copyingRate + (rates[target.type].map { 1 / $0 } ?? 0))
    }

    /// The microseconds of one thread, about, with how the tensor is stored and how it is encoded.
    ///
    /// - Parameters:
    ///   - source: The type that the tensor is stored in; one that is wanted already is only copied.
    ///   - isFitted: Whether it is encoded with error feedback, by which each weight's error reaches all columns behind it.
    package static func of(_ target: TensorDescriptor, from source: TensorType, isFitted: Bool) -> Double {
        guard source != target.type else { return Double(target.shape.elementCount) / copyingRate }
        let feedback = Double(target.shape.elementCount) * Double(target.shape.rowLength) / feedbackRate
        return of(target) + (isFitted ? feedback : 0)
    }
}
