import BlockFormats

/// How a matrix is encoded with error feedback.
public struct FeedbackPolicy: Sendable, Hashable {
    /// What scales are first chosen by, before feedback.
    public var encoding: EncodingPolicy
    /// What is added to the diagonal of H, as a part of its mean.
    public var damping: Float
    /// Columns whose codes are chosen together; nil for the codec's own.
    public var groupLength: Int?
    /// What the choice of scales weighs a column by, between its second moment (0) and that part of it that later columns
    /// cannot make up for (1).
    public var conditioning: Float
    /// Factors of a block's scales that are tried beside 1.
    public var scaleFactors: [Float]
    /// How far a part's scale may move from the first choice.
    public var scaleReach: Int
    /// How far a part's minimum or shift may move from the first choice.
    public var offsetReach: Int
    /// Rounds of coordinate descent after the first pass.
    public var sweeps: Int
    /// How much of the shrinkage of the outputs is taken back in the end.
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
