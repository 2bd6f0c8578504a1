import Tensors

/// How far a quantization may be from the original weights.
struct OriginBounds: Sendable {
    /// The greatest relative error of a matrix.
    var relativeError: Double
    /// What each block and row keeps to.
    var blocks: AgreementBounds
    /// The least gain of a matrix.
    var leastGain: Double

    /// - Parameters:
    ///   - relativeError: The greatest of a matrix.
    ///   - cosine: The least of a block or a row with the original's.
    ///   - gain: The greatest distance of a block's or a row's gain from 1.
    ///   - leastGain: The least of a matrix.
    init(_ relativeError: Double, cosine: Double, gain: Double, leastGain: Double = 0.4) {
        self.relativeError = relativeError
        self.leastGain = leastGain
        blocks = AgreementBounds(cosine: cosine, gain: gain)
    }

    /// A part with less error than this multiple of its matrix's mean is no worse than the rest, whatever its angle: it
    /// holds weights that are small beside their neighbours.
    private static let notableError = 2.0
    /// The least cosine of any matrix: of thousands of weights, others have one of nearly 0.
    private static let leastCosine = 0.2
    /// The greatest gain of any matrix.
    private static let greatestGain = 1.25

    /// Whether a matrix can be a quantization of the original's.
    func allowMatrix(_ sums: Agreement) -> Bool {
        sums.relativeError <= relativeError && sums.cosine >= max(blocks.cosine, Self.leastCosine)
            && (leastGain...Self.greatestGain).contains(sums.gain)
    }

    /// Whether the errors of a part are large enough to be looked at.
    func isNotable(_ part: Agreement, in matrix: Agreement) -> Bool {
        !(part.meanError <= Self.notableError * matrix.meanError)
    }

    /// The bounds where the original is a quantization itself.
    func widened(by other: OriginBounds) -> OriginBounds {
        OriginBounds(
            relativeError + other.relativeError, cosine: blocks.cosine + other.blocks.cosine - 1,
            gain: blocks.gain + other.blocks.gain, leastGain: min(leastGain, other.leastGain))
    }

    /// The bounds in a file whose matrices were fitted to what coarser ones before them make of their inputs: halfway to those
    /// of the coarsest.
    func drawn(toward coarsest: OriginBounds) -> OriginBounds {
        var drawn = self
        drawn.relativeError = max(relativeError, (relativeError + coarsest.relativeError) / 2)
        drawn.blocks = AgreementBounds(
            cosine: min(blocks.cosine, (blocks.cosine + coarsest.blocks.cosine) / 2),
            gain: max(blocks.gain, (blocks.gain + coarsest.blocks.gain) / 2))
        return drawn
    }

    /// Of a router that was fitted to inputs, as calibration does where the layers before it are quantized: it is kept in
    /// float32, and changes as much as they do.
    static let fittedRouter = OriginBounds(1.5, cosine: 0.3, gain: 0.7)

    /// The bounds of matrices alone, for parts of which nothing can be said.
    private static func ofMatrices(_ relativeError: Double, leastGain: Double = 0.4) -> OriginBounds {
        OriginBounds(relativeError, cosine: -1, gain: .infinity, leastGain: leastGain)
    }

    /// How far weights of a type may be from those that they were made from.
    ///
    /// Measured on files of every type, made from the bundled models in every way that there is, with a margin;
    /// `Docs/Verification.md` has the figures. A sign, or none, says nothing of sizes: blocks that importances have given up have any, and calibration gives up whole ones.
    init(of type: TensorType, isCalibrated: Bool) {
        self =
            switch type {
            case .f32, .f64, .i8, .i16, .i32, .i64: OriginBounds(0.00001, cosine: 0.9999, gain: 0.01)
            case .f16: OriginBounds(0.001, cosine: 0.999999, gain: 0.002)
            case .bf16: OriginBounds(0.006, cosine: 0.99999, gain: 0.004)
            case .q8_0, .q6_K: OriginBounds(0.15, cosine: 0.95, gain: 0.2)
            case .q5_K: OriginBounds(0.25, cosine: 0.95, gain: 0.2)
            case .q5_0, .q5_1: OriginBounds(0.25, cosine: 0.9, gain: 0.25)
            case .q4_K, .iq4_XS: OriginBounds(0.35, cosine: 0.85, gain: 0.3)
            case .q4_0, .q4_1, .iq4_NL, .nvfp4: OriginBounds(0.35, cosine: 0.75, gain: 0.5)
            case .mxfp4: OriginBounds(0.35, cosine: 0.5, gain: 0.65)
            case .q3_K, .iq3_S: OriginBounds(0.45, cosine: 0.75, gain: 0.5)
            case .iq3_XXS: OriginBounds(0.55, cosine: 0.7, gain: 0.5)
            case .q2_K: OriginBounds(0.7, cosine: 0.6, gain: 0.5)
            case .iq2_S, .iq2_XS: OriginBounds(0.75, cosine: 0.55, gain: 0.65)
            case .iq2_XXS: OriginBounds(0.85, cosine: 0.5, gain: 0.7)
            case .q2_0: isCalibrated ? .ofMatrices(1) : OriginBounds(1, cosine: 0.35, gain: 0.8)
            case .iq1_M: OriginBounds(1, cosine: 0.45, gain: 0.7)
            case .iq1_S: OriginBounds(1.2, cosine: 0.35, gain: 0.8)
            case .tq1_0, .tq2_0: isCalibrated ? .ofMatrices(1.5) : OriginBounds(1, cosine: 0.2, gain: 2)
            // The one scale of 128 elements is the less, the more of them are padding.
            case .q1_0:
                isCalibrated
                    ? .ofMatrices(4, leastGain: 0.05) : OriginBounds(1.4, cosine: 0.25, gain: 4, leastGain: 0.05)
            }
    }
}
