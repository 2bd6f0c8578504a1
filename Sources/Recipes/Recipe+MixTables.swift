import ModelArchitecture
import TensorCore

/// llama.cpp's file types as rules. Numbers and mixes: `enum llama_ftype` and the type selection of llama-quantize.
extension Recipe {
    /// The types that lose too much if all inputs count the same.
    static let importanceTypes: Set<TensorType> = [.iq1_S, .iq1_M, .iq2_XXS, .iq2_XS, .iq2_S, .iq3_XXS]

    /// Every recipe with a name, from the largest file to the smallest.
    public static let named: [Recipe] = [
        Recipe("F32", fileType: 0, base: .f32),
        Recipe("F16", fileType: 1, base: .f16),
        Recipe("BF16", fileType: 32, base: .bf16),
        Recipe("Q8_0", fileType: 7, base: .q8_0),
        Recipe("Q6_K", fileType: 18, base: .q6_K, rules: output(base: .q6_K) + eightExperts),
        Recipe(
            "Q5_K_M", fileType: 17, base: .q5_K,
            rules: output(base: .q5_K) + eightExperts + [sensitiveValue(.q6_K), sensitiveDown(.q6_K)]),
        Recipe("Q5_K_S", fileType: 16, base: .q5_K, rules: output(base: .q5_K) + eightExperts),
        Recipe("Q5_1", fileType: 9, base: .q5_1, rules: output(base: .q5_1) + eightExperts),
        Recipe(
            "Q5_0", fileType: 8, base: .q5_0,
            rules: output(base: .q5_0) + eightExperts + [firstDown(.q5_1, .importance(true))]),
        Recipe(
            "Q4_K_M", fileType: 15, base: .q4_K,
            rules: output(base: .q4_K) + eightExperts + [
                sensitiveValue(.q6_K), sensitiveDown(.q6_K), eightExpertsAttentionOutput,
            ]),
        Recipe(
            "Q4_K_S", fileType: 14, base: .q4_K,
            rules: output(base: .q4_K) + eightExperts + [
                Rule([.attentionValue], .number(.running, .first(4)), type: .q5_K, reason: firstLayers),
                firstDown(.q5_K), eightExpertsAttentionOutput,
            ]),
        Recipe("Q4_1", fileType: 3, base: .q4_1, rules: output(base: .q4_1) + eightExperts),
        Recipe(
            "Q4_0", fileType: 2, base: .q4_0,
            rules: output(base: .q4_0) + eightExperts + [firstDown(.q4_1, .importance(true))]),
        Recipe(
            "IQ4_NL", fileType: 25, base: .iq4_NL,
            rules: output(base: .iq4_NL) + eightExperts + [
                sharedValue(.q5_K), firstDown(.q5_K, .importance(false)), eightExpertsAttentionOutput,
            ]),
        Recipe(
            "Q2_K_S", fileType: 21, base: .q2_K,
            rules: output(base: .q2_K) + eightExperts + [sharedValue(.q4_K), firstDown(.q4_K)],
            importanceTypes: importanceTypes.union([.q2_K])),
        Recipe("IQ2_XXS", fileType: 19, base: .iq2_XXS, rules: lowBit),
        Recipe(
            "IQ1_S", fileType: 24, base: .iq1_S,
            rules: lowBit + [
                Rule([.attentionOutput], type: .iq2_XXS, reason: "too sensitive for 1.5 bits")
            ]),
    ]

    private static let firstLayers = "errors of the first layers pass through all others"
    private static let smallBesideExperts = "small beside the experts, and every token passes it"

    private static func output(base: TensorType) -> [Rule] {
        [
            Rule([.output], .rowLengthIsNoMultiple(of: base.blockLength), type: .q8_0, reason: "rows do not fit"),
            Rule([.output], type: .q6_K, reason: "decides every token"),
        ]
    }

    private static let eightExperts = [
        Rule([.attentionValue, .attentionKey], .expertCount(8), type: .q8_0, reason: smallBesideExperts)
    ]

    private static let eightExpertsAttentionOutput =
        Rule([.attentionOutput], .expertCount(8), type: .q5_K, reason: smallBesideExperts)

    private static func sharedValue(_ type: TensorType) -> Rule {
        Rule([.attentionValue], .minimumQueryGroupSize(4), type: type, reason: "small, and many heads share it")
    }

    private static func sensitiveValue(_ type: TensorType) -> Rule {
        Rule([.attentionValue], .number(.running, .sensitive), type: type, reason: "sensitive")
    }

    private static func sensitiveDown(_ type: TensorType) -> Rule {
        Rule(down, .number(.layer, .sensitive), type: type, reason: "sensitive")
    }

    private static func firstDown(_ type: TensorType, _ condition: Condition? = nil) -> Rule {
        let first = Condition.number(.layer, .firstPart(divisor: 8))
        return if let condition {
            Rule(down, condition, first, type: type, reason: firstLayers)
        } else {
            Rule(down, first, type: type, reason: firstLayers)
        }
    }

    private static let down: [TensorRole] = [.feedForwardDown, .expertsDown, .sharedDown]

    /// What the mixes of about 2 bits and fewer have in common.
    private static let lowBit = [
        Rule([.output], .rowLengthIsNoMultiple(of: 256), type: .q8_0, reason: "rows do not fit"),
        Rule([.output], type: .q5_K, reason: "decides every token"),
        Rule([.tokenEmbedding], type: .q2_K, reason: "every token starts from it"),
        Rule([.attentionValue], .minimumQueryGroupSize(4), type: .q4_K, reason: "small, and many heads share it"),
        Rule([.attentionValue], .minimumExpertCount(4), type: .q4_K, reason: smallBesideExperts),
        Rule([.attentionValue], type: .q2_K, reason: "sensitive"),
        Rule([.attentionKey], .expertCount(8), type: .q4_K, reason: smallBesideExperts),
        Rule(down, .number(.running, .firstPart(divisor: 8)), type: .q2_K, reason: firstLayers),
        eightExpertsAttentionOutput,
    ]
}
