import ModelArchitecture
import Tensors

/// Swage's own mixes: the choices that budgets of the same size lead to on the bundled models, as rules for models of
/// any depth and number of experts.
///
/// Measured (Docs/Quality.md): attention, shared experts and the down matrices bear less than the gate and up matrices
/// of the routed experts, which pay for them; up bears more than gate, and the last layers bear less than the first.
extension Recipe {
    /// Swage's own mixes from the largest file to the smallest: a model of which routed experts are most of the weights
    /// has about 4.25, 3.1, 2.1 and 1.6 bits per weight.
    public static let presets: [Recipe] = [
        Recipe(
            "SW4", base: .iq4_XS,
            rules: embeddingAndOutput(.q6_K, .q8_0) + [
                sharedKeyAndValue(.q8_0),
                Rule(attention, type: .q6_K, reason: smallBesideExperts),
                Rule(
                    [.attentionOutput], .number(.layer, .firstPart(divisor: 2)), type: .q6_K, reason: smallBesideExperts
                ),
                Rule([.attentionOutput], type: .q5_K, reason: smallBesideExperts),
                Rule([.sharedDown], .number(.layer, .lastPart(divisor: 2)), type: .q6_K, reason: smallBesideExperts),
                Rule([.sharedUp], .number(.layer, .firstPart(divisor: 2)), type: .iq4_XS, reason: robust),
                Rule([.sharedGate, .sharedUp, .sharedDown], type: .q5_K, reason: smallBesideExperts),
                Rule(routedDown, .number(.layer, .firstPart(divisor: 4)), type: .q5_K, reason: sensitive),
                Rule(routedDown, .number(.layer, .lastPart(divisor: 4)), type: .q5_K, reason: sensitive),
                Rule(routedGate, .number(.layer, .firstPart(divisor: 4)), type: .iq3_XXS, reason: robust),
                Rule(routedGate, .number(.layer, .lastPart(divisor: 4)), type: .q5_K, reason: sensitive),
                Rule(routedUp, .number(.layer, .firstPart(divisor: 4)), type: .iq3_XXS, reason: robust),
                Rule(routedUp, .number(.layer, .lastPart(divisor: 4)), type: .iq4_XS, reason: sensitive),
                Rule(routedUp, type: .iq3_S, reason: robust),
            ]),
        Recipe(
            "SW3", base: .iq3_XXS,
            rules: embeddingAndOutput(.q6_K, .q6_K) + [
                sharedKeyAndValue(.q6_K),
                Rule(attention, type: .q5_K, reason: smallBesideExperts),
                Rule(
                    [.attentionOutput], .number(.layer, .firstPart(divisor: 4)), type: .q5_K, reason: smallBesideExperts
                ),
                Rule([.attentionOutput], type: .iq4_XS, reason: smallBesideExperts),
                Rule([.sharedDown], .number(.layer, .lastPart(divisor: 4)), type: .q5_K, reason: smallBesideExperts),
                Rule([.sharedUp], type: .iq3_S, reason: robust),
                Rule([.sharedGate, .sharedDown], type: .iq4_XS, reason: smallBesideExperts),
                Rule(routedDown, .number(.layer, .firstPart(divisor: 4)), type: .iq4_XS, reason: sensitive),
                Rule(routedDown, .number(.layer, .lastPart(divisor: 4)), type: .iq4_XS, reason: sensitive),
                Rule(routedDown, type: .iq3_S, reason: sensitive),
                Rule(routedGate, .number(.layer, .firstPart(divisor: 4)), type: .iq2_XXS, reason: robust),
                Rule(routedGate, .number(.layer, .lastPart(divisor: 4)), type: .iq3_S, reason: sensitive),
                Rule(routedUp, .number(.layer, .firstPart(divisor: 4)), type: .iq2_XXS, reason: robust),
                Rule(routedUp, .number(.layer, .lastPart(divisor: 4)), type: .iq3_S, reason: sensitive),
                Rule(routedUp, type: .iq2_S, reason: robust),
            ]),
        Recipe(
            "SW2", base: .iq1_S,
            rules: embeddingAndOutput(.iq4_XS, .q5_K) + [
                sharedKeyAndValue(.q5_K),
                Rule(attention, type: .iq4_XS, reason: smallBesideExperts),
                Rule([.attentionOutput], type: .iq3_S, reason: smallBesideExperts),
                Rule([.sharedDown], type: .iq3_S, reason: smallBesideExperts),
                Rule(
                    [.sharedGate, .sharedUp], .number(.layer, .lastPart(divisor: 2)), type: .iq3_XXS,
                    reason: smallBesideExperts),
                Rule([.sharedGate, .sharedUp], type: .iq2_XXS, reason: robust),
                Rule(routedDown, .number(.layer, .firstPart(divisor: 4)), type: .iq3_XXS, reason: sensitive),
                Rule(routedDown, .number(.layer, .lastPart(divisor: 4)), type: .iq3_XXS, reason: sensitive),
                Rule(routedDown, type: .iq2_XS, reason: sensitive),
                Rule(routedGate, .number(.layer, .lastPart(divisor: 2)), type: .iq2_XXS, reason: sensitive),
                Rule(routedUp, .number(.layer, .lastPart(divisor: 4)), type: .iq2_XXS, reason: sensitive),
            ]),
        Recipe(
            "SW1", base: .iq1_S,
            rules: embeddingAndOutput(.iq3_XXS, .iq3_S) + [
                sharedKeyAndValue(.iq3_S),
                Rule(attention, type: .iq2_S, reason: smallBesideExperts),
                Rule([.attentionOutput], type: .iq2_XXS, reason: smallBesideExperts),
                Rule([.sharedDown], type: .iq1_M, reason: smallBesideExperts),
                Rule(
                    [.sharedGate, .sharedUp], .number(.layer, .lastPart(divisor: 2)), type: .iq2_XXS,
                    reason: smallBesideExperts),
                Rule(routedDown, .number(.layer, .firstPart(divisor: 4)), type: .iq1_M, reason: sensitive),
                Rule(routedDown, .number(.layer, .lastPart(divisor: 4)), type: .iq1_M, reason: sensitive),
            ]),
    ]

    private static let attention: [TensorRole] = [.attentionQuery, .attentionKey, .attentionValue]
    private static let routedGate: [TensorRole] = [.expertsGate, .feedForwardGate]
    private static let routedUp: [TensorRole] = [.expertsUp, .feedForwardUp]
    private static let routedDown: [TensorRole] = [.expertsDown, .feedForwardDown]

    private static func sharedKeyAndValue(_ type: TensorType) -> Rule {
        Rule(
            [.attentionKey, .attentionValue], .minimumQueryGroupSize(4), type: type,
            reason: "small, and many heads share it")
    }

    private static func embeddingAndOutput(_ embedding: TensorType, _ output: TensorType) -> [Rule] {
        [
            Rule([.output], type: output, reason: "decides every token"),
            Rule([.tokenEmbedding], type: embedding, reason: "every token starts from it"),
        ]
    }
}
