import ModelArchitecture
import Tensors

/// The rules that llama.cpp's mixes are made of.
extension Recipe {
    static let firstLayers = "errors of the first layers pass through all others"
    static let smallBesideExperts = "small beside the experts, and every token passes it"
    static let sensitive = "sensitive"
    static let robust = "less sensitive"

    static let down: [TensorRole] = [.feedForwardDown, .expertsDown, .sharedDown]
    /// Counted apart from each other.
    static let robustGateAndUp = [
        [TensorRole.feedForwardGate, .expertsGate, .sharedGate], [.feedForwardUp, .expertsUp, .sharedUp],
    ].map { Rule($0, .number(.layerOrRunning, .middle), type: .iq3_XXS, reason: robust) }

    /// What nearly all mixes have in common.
    static func usual(base: TensorType) -> [Rule] { output(.q6_K, base: base) + eightExperts }

    static func output(_ type: TensorType, base: TensorType) -> [Rule] {
        [
            Rule([.output], .rowLengthIsNoMultiple(of: base.blockLength), type: .q8_0, reason: "rows do not fit"),
            Rule([.output], type: type, reason: "decides every token"),
        ]
    }

    static func embedding(_ type: TensorType) -> Rule {
        Rule([.tokenEmbedding], type: type, reason: "every token starts from it")
    }

    static let eightExperts = [
        Rule([.attentionValue, .attentionKey], .expertCount(8), type: .q8_0, reason: smallBesideExperts)
    ]

    static let eightExpertsAttentionOutput =
        Rule([.attentionOutput], .expertCount(8), type: .q5_K, reason: smallBesideExperts)

    static func attentionOutput(_ type: TensorType) -> Rule {
        Rule([.attentionOutput], type: type, reason: sensitive)
    }

    static func sharedValue(_ type: TensorType) -> Rule {
        Rule([.attentionValue], .minimumQueryGroupSize(4), type: type, reason: "small, and many heads share it")
    }

    /// llama.cpp knows Llama's 70B by its 80 layers and grouped heads.
    static let eightyLayersValue = Rule(
        [.attentionValue], .layerCount(80), .minimumQueryGroupSize(2), type: .q5_K, reason: eightyLayers)
    static let eightyLayersSharedValue = Rule(
        [.attentionValue], .layerCount(80), .minimumQueryGroupSize(4), type: .q5_K, reason: eightyLayers)
    private static let eightyLayers = "an eighth of the query matrix in a model of 70B"

    static func sensitiveValue(_ type: TensorType) -> Rule {
        Rule([.attentionValue], .number(.running, .sensitive), type: type, reason: sensitive)
    }

    static func sensitiveDown(_ type: TensorType) -> Rule {
        Rule(down, .number(.layerOrRunning, .sensitive), type: type, reason: sensitive)
    }

    static func firstDown(_ type: TensorType, _ condition: Condition? = nil) -> Rule {
        Rule(
            roles: down,
            conditions: [condition, .number(.layerOrRunning, .firstPart(divisor: 8))].compactMap { $0 }, type: type,
            reason: firstLayers)
    }

    /// What the mixes of about 2 bits and fewer have in common.
    ///
    /// - Parameter wide: the type of what is more sensitive than the rest.
    static func lowBit(wide: TensorType, base: TensorType) -> [Rule] {
        output(.q5_K, base: base) + [
            embedding(wide), sharedValue(.q4_K),
            Rule([.attentionValue], .minimumExpertCount(4), type: .q4_K, reason: smallBesideExperts),
            Rule([.attentionValue], type: wide, reason: sensitive),
            Rule([.attentionKey], .expertCount(8), type: .q4_K, reason: smallBesideExperts),
            Rule(down, .number(.running, .firstPart(divisor: 8)), type: wide, reason: firstLayers),
            eightExpertsAttentionOutput,
        ] + (wide == .iq3_S ? [attentionOutput(wide)] : [])
    }

    static let lowBitOutput = Rule([.attentionOutput], type: .iq2_XXS, reason: "too sensitive for 1.5 bits")
}
