import Tensors

extension TensorType {
    /// How far weights of this type may be from those that they were made from.
    var originBounds: OriginBounds {
        switch self {
        case .f32, .f64, .i8, .i16, .i32, .i64: OriginBounds(0.00001, cosine: 0.9999, gain: 0.01)
        case .f16: OriginBounds(0.001, cosine: 0.999, gain: 0.02)
        case .bf16: OriginBounds(0.006, cosine: 0.999, gain: 0.02)
        case .q8_0: OriginBounds(0.02, cosine: 0.99, gain: 0.1)
        case .q6_K: OriginBounds(0.05, cosine: 0.98, gain: 0.1)
        case .q5_K, .q5_0, .q5_1: OriginBounds(0.12, cosine: 0.95, gain: 0.2)
        case .q4_K, .q4_0, .q4_1, .iq4_NL, .iq4_XS, .mxfp4, .nvfp4: OriginBounds(0.3, cosine: 0.85, gain: 0.35)
        case .q3_K, .iq3_S, .iq3_XXS: OriginBounds(0.5, cosine: 0.75, gain: 0.35)
        case .q2_K, .iq2_S, .iq2_XS, .iq2_XXS, .q2_0: OriginBounds(0.7, cosine: 0.65, gain: 0.4)
        case .iq1_S, .iq1_M, .tq1_0, .tq2_0, .q1_0: OriginBounds(0.9, cosine: 0.4, gain: 0.45)
        }
    }
}
