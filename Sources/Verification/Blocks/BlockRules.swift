import Tensors

extension TensorType {
    /// What not every block of the type keeps to; empty if any bytes are a legal block.
    ///
    /// Every combination of bits is a code in all types but the ternary ones, in MXFP4 next to the greatest exponents, and in
    /// the scales of NVFP4; what is left are numbers that must be finite. Offsets are those of ggml's `ggml-common.h`.
    var blockRules: [BlockRule] {
        switch self {
        case .f32: [BlockRule(name: "the value", field: .single(0))]
        case .f64: [BlockRule(name: "the value", field: .double(0))]
        case .f16: [BlockRule(name: "the value", field: .half(0))]
        case .bf16: [BlockRule(name: "the value", field: .brainHalf(0))]
        case .i8, .i16, .i32, .i64: []
        case .q4_0, .q5_0, .q8_0, .q1_0, .q2_0, .iq1_S, .iq2_XXS, .iq2_XS, .iq2_S, .iq3_XXS, .iq3_S, .iq4_NL, .iq4_XS:
            [Self.scale(0)]
        case .q4_1, .q5_1, .q4_K, .q5_K: [Self.scale(0), Self.minimum(2)]
        case .q2_K: [Self.scale(80), Self.minimum(82)]
        case .q3_K: [Self.scale(108)]
        case .q6_K: [Self.scale(208)]
        case .iq1_M: [BlockRule(name: "the scale", field: .scatteredHalf(48))]
        case .tq1_0:
            [
                Self.scale(52), BlockRule(name: "the codes", field: .ternaryDigits(0, fives: 48, fours: 4)),
            ]
        case .tq2_0: [Self.scale(64), BlockRule(name: "the codes", field: .ternaryPairs(0, count: 64))]
        case .mxfp4: [BlockRule(name: "the exponent", field: .exponent(0))]
        case .nvfp4: [BlockRule(name: "the scales", field: .unsignedE4M3(0, count: 4))]
        }
    }

    private static func scale(_ offset: Int) -> BlockRule { BlockRule(name: "the scale", field: .half(offset)) }

    private static func minimum(_ offset: Int) -> BlockRule {
        BlockRule(name: "the scale of minima", field: .half(offset))
    }
}
