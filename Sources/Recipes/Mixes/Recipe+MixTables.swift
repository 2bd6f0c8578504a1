import ModelArchitecture
import Tensors

/// llama.cpp's file types as rules. Numbers and mixes: `enum llama_ftype` and the type selection of llama-quantize.
extension Recipe {
    /// The types that lose too much without importance, when all inputs of a matrix count the same.
    public static let importanceTypes: Set<TensorType> = [.iq1_S, .iq1_M, .iq2_XXS, .iq2_XS, .iq2_S, .iq3_XXS]

    /// The recipes of all of llama.cpp's mixes, from the largest file to the smallest.
    public static let named: [Recipe] = [
        Recipe("F32", fileType: 0, base: .f32),
        Recipe("F16", fileType: 1, base: .f16),
        Recipe("BF16", fileType: 32, base: .bf16),
        Recipe("Q8_0", fileType: 7, base: .q8_0),
        Recipe("Q6_K", fileType: 18, base: .q6_K, rules: usual(base: .q6_K)),
        Recipe(
            "Q5_K_M", fileType: 17, base: .q5_K,
            rules: usual(base: .q5_K) + [sensitiveValue(.q6_K), sensitiveDown(.q6_K)]),
        Recipe("Q5_K_S", fileType: 16, base: .q5_K, rules: usual(base: .q5_K)),
        Recipe("Q5_1", fileType: 9, base: .q5_1, rules: usual(base: .q5_1)),
        Recipe(
            "Q5_0", fileType: 8, base: .q5_0, rules: usual(base: .q5_0) + [firstDown(.q5_1, .importance(true))]),
        Recipe(
            "Q4_K_M", fileType: 15, base: .q4_K,
            rules: usual(base: .q4_K) + [
                sensitiveValue(.q6_K), eightyLayersValue, sensitiveDown(.q6_K), eightExpertsAttentionOutput,
            ]),
        Recipe(
            "Q4_K_S", fileType: 14, base: .q4_K,
            rules: usual(base: .q4_K) + [
                Rule([.attentionValue], .number(.running, .range(0..<4)), type: .q5_K, reason: firstLayers),
                eightyLayersValue, firstDown(.q5_K), eightExpertsAttentionOutput,
            ]),
        Recipe("Q4_1", fileType: 3, base: .q4_1, rules: usual(base: .q4_1)),
        Recipe(
            "Q4_0", fileType: 2, base: .q4_0, rules: usual(base: .q4_0) + [firstDown(.q4_1, .importance(true))]),
        Recipe(
            "IQ4_NL", fileType: 25, base: .iq4_NL,
            rules: usual(base: .iq4_NL) + [
                sharedValue(.q5_K), firstDown(.q5_K, .importance(false)), eightExpertsAttentionOutput,
            ]),
        Recipe("NVFP4", fileType: 39, base: .nvfp4, rules: usual(base: .nvfp4)),
        Recipe(
            "IQ4_XS", fileType: 30, base: .iq4_XS,
            rules: usual(base: .iq4_XS) + [
                sharedValue(.q5_K), firstDown(.q5_K, .importance(false)), eightExpertsAttentionOutput,
            ]),
        Recipe(
            "MXFP4_MOE", fileType: 38, base: .mxfp4,
            rules: [
                Rule([.output], type: .q8_0, reason: smallBesideExperts),
                Rule(conditions: [.isStack(true)], type: .mxfp4, reason: "the experts are most of the model"),
                Rule(type: .q8_0, reason: smallBesideExperts),
            ]),
        Recipe(
            "Q3_K_L", fileType: 13, base: .q3_K,
            rules: usual(base: .q3_K) + [
                Rule([.attentionValue], type: .q5_K, reason: sensitive), Rule(down, type: .q5_K, reason: sensitive),
                Rule([.attentionOutput], .expertCount(8), type: .q3_K, reason: "as the others"), attentionOutput(.q5_K),
            ]),
        Recipe(
            "Q3_K_M", fileType: 12, base: .q3_K,
            rules: usual(base: .q3_K) + [
                Rule([.attentionValue], .number(.running, .range(0..<2)), type: .q5_K, reason: firstLayers),
                eightyLayersValue, Rule([.attentionValue], type: .q4_K, reason: sensitive),
                Rule(down, .number(.layerOrRunning, .firstPart(divisor: 16)), type: .q5_K, reason: firstLayers),
                Rule(down, type: .q4_K, reason: sensitive), eightExpertsAttentionOutput, attentionOutput(.q4_K),
            ]),
        Recipe(
            "Q3_K_S", fileType: 11, base: .q3_K,
            rules: usual(base: .q3_K) + [eightyLayersValue, eightExpertsAttentionOutput]),
        Recipe(
            "IQ3_M", fileType: 27, base: .iq3_S,
            rules: usual(base: .iq3_S) + [
                eightyLayersValue, Rule([.attentionValue], type: .q4_K, reason: sensitive), firstDown(.q4_K),
                Rule(
                    down, .expertCount(8), .number(.layerOrRunning, .sensitive), type: .q4_K, reason: sensitive),
                eightExpertsAttentionOutput, attentionOutput(.q4_K),
            ]),
        Recipe(
            "IQ3_S", fileType: 26, base: .iq3_S,
            rules: usual(base: .iq3_S) + [
                eightyLayersSharedValue, sharedValue(.q4_K), eightExpertsAttentionOutput,
            ]),
        Recipe(
            "IQ3_XS", fileType: 22, base: .iq3_S,
            rules: usual(base: .iq3_S) + [
                eightyLayersSharedValue, sharedValue(.q4_K),
                Rule([.attentionQuery, .attentionKey], type: .iq3_XXS, reason: robust), eightExpertsAttentionOutput,
            ] + robustGateAndUp),
        Recipe(
            "IQ3_XXS", fileType: 23, base: .iq3_XXS,
            rules: output(.q5_K, base: .iq3_XXS) + eightExperts + [
                embedding(.iq3_S), eightyLayersSharedValue, sharedValue(.q4_K),
                Rule([.attentionValue], .importance(false), type: .iq3_S, reason: sensitive),
                Rule([.attentionQuery, .attentionKey], type: .iq2_S, reason: robust),
                firstDown(.q4_K, .importance(false)),
                Rule(down, .importance(false), type: .q3_K, reason: "better without importance"),
                eightExpertsAttentionOutput, attentionOutput(.iq3_S),
            ]),
        Recipe(
            "Q2_K", fileType: 10, base: .q2_K,
            rules: usual(base: .q2_K) + [
                eightyLayersValue, sharedValue(.q4_K), Rule([.attentionValue], type: .q3_K, reason: sensitive),
                Rule(down, type: .q3_K, reason: sensitive), eightExpertsAttentionOutput, attentionOutput(.q3_K),
            ]),
        Recipe(
            "Q2_K_S", fileType: 21, base: .q2_K,
            rules: usual(base: .q2_K) + [eightyLayersSharedValue, sharedValue(.q4_K), firstDown(.q4_K)],
            importanceTypes: importanceTypes.union([.q2_K])),
        Recipe("IQ2_M", fileType: 29, base: .iq2_S, rules: lowBit(wide: .iq3_S, base: .iq2_S)),
        Recipe("IQ2_S", fileType: 28, base: .iq2_XS, rules: lowBit(wide: .iq3_S, base: .iq2_XS)),
        Recipe("IQ2_XS", fileType: 20, base: .iq2_XS, rules: lowBit(wide: .q2_K, base: .iq2_XS)),
        Recipe("Q2_0", fileType: 41, base: .q2_0, rules: usual(base: .q2_0) + [embedding(.q4_K)]),
        Recipe("IQ2_XXS", fileType: 19, base: .iq2_XXS, rules: lowBit(wide: .q2_K, base: .iq2_XXS)),
        Recipe("TQ2_0", fileType: 37, base: .tq2_0, rules: usual(base: .tq2_0) + [embedding(.q4_K)]),
        Recipe("IQ1_M", fileType: 31, base: .iq1_M, rules: lowBit(wide: .q2_K, base: .iq1_M) + [lowBitOutput]),
        Recipe("TQ1_0", fileType: 36, base: .tq1_0, rules: usual(base: .tq1_0) + [embedding(.q4_K)]),
        Recipe("IQ1_S", fileType: 24, base: .iq1_S, rules: lowBit(wide: .q2_K, base: .iq1_S) + [lowBitOutput]),
        Recipe("Q1_0", fileType: 40, base: .q1_0, rules: usual(base: .q1_0)),
    ]

    /// llama-quantize's other names.
    static let aliases = ["Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"]

    /// What a file of mostly this type is called by number: the mix of that name, or the plainest with that base.
    static func fileType(base: TensorType) -> UInt32 {
        switch base {
        case .q3_K: 11
        case .q4_K: 14
        case .q5_K: 16
        case .mxfp4: 38
        case .i8, .i16, .i32, .i64, .f64: 0
        default: named.first { $0.name == base.name }?.fileType ?? 0
        }
    }
}
