import BlockFormats

/// The choices in encoding a matrix with error feedback.
public struct FeedbackPolicy: Sendable, Hashable {
    /// The policy by which scales are first chosen, before feedback.
    public var encoding: EncodingPolicy
    /// The number that is added to the diagonal of H, as a part of its mean.
    public var damping: Float
    /// The number of columns whose codes are chosen together; nil for the codec's own.
    public var groupLength: Int?
    /// The weight of a column in the choice of scales, from 0 for its second moment to 1 for the part of that which
    /// later columns cannot make up for.
    public var conditioning: Float
    /// The factors on a block's scales that are tried beside 1.
    public var scaleFactors: [Float]
    /// The most steps that a part's scale may move from the first choice.
    public var scaleReach: Int
    /// The most steps that a part's minimum or shift may move from the first choice.
    public var offsetReach: Int
    /// The number of rounds of coordinate descent after the first pass.
    public var sweeps: Int
    /// The part of the shrinkage of the outputs that is taken back in the end, from 0 to 1.
    public var outputGain: Float

    /// Makes a policy; the defaults are GPTQ with two rounds of coordinate descent after it.
    public init(
        encoding: EncodingPolicy = EncodingPolicy(), damping: Float = 0.05, groupLength: Int? = nil,
        conditioning: Float = 0, scaleFactors: [Float] = [], scaleReach: Int = 0, offsetReach: Int = 0,
        sweeps: Int = 2, outputGain: Float = 0
    ) {
        self.encoding = encoding
        self.damping = damping
        self.groupLength = groupLength
        self.conditioning = conditioning
        self.scaleFactors = scaleFactors
        self.scaleReach = scaleReach
        self.offsetReach = offsetReach
        self.sweeps = sweeps
        self.outputGain = outputGain
    }
}
