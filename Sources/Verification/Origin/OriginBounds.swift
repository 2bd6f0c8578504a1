import Tensors

/// How far a quantization of each type may be from the original weights.
///
/// Measured on every way to make such a file, with a margin; `Docs/Verification.md` has the figures.
struct OriginBounds: Sendable {
    /// The greatest relative error of a matrix.
    var relativeError: Double
    /// What each block and row keeps to.
    var blocks: AgreementBounds

    init(_ relativeError: Double, cosine: Double, gain: Double) {
        self.relativeError = relativeError
        blocks = AgreementBounds(cosine: cosine, gain: gain)
    }

    /// A part with less error than this multiple of its matrix's mean is no worse than the rest, whatever its angle: it
    /// holds weights that are small beside their neighbours.
    private static let notableError = 2.0

    func allowMatrix(_ sums: Agreement) -> Bool { sums.relativeError <= relativeError }

    /// Whether the errors of a part are large enough to be looked at.
    func isNotable(_ part: Agreement, in matrix: Agreement) -> Bool {
        !(part.meanError <= Self.notableError * matrix.meanError)
    }

    /// The bounds where the original is a quantization itself.
    func widened(by other: OriginBounds) -> OriginBounds {
        OriginBounds(
            relativeError + other.relativeError, cosine: max(0, blocks.cosine + other.blocks.cosine - 1),
            gain: blocks.gain + other.blocks.gain)
    }
}
