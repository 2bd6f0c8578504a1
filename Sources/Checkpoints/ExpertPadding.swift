import ModelArchitecture

/// Whether experts are widened with zeros to whole 256-element blocks.
///
/// Extra gate and up rows are zero, so the extra hidden units are silu(0) · 0 = 0 and meet the extra down columns: the
/// computation is unchanged, and the down matrices can use every block format.
public enum ExpertPadding: String, Sendable, CaseIterable {
    /// Pads when the width is not a multiple of 256.
    case auto
    /// Pads, and refuses a model that cannot be padded.
    case on
    /// Leaves the experts as they are.
    case off

    /// The block length of every k-quant and IQ format.
    private static let blockLength = 256

    /// The width of experts of `length` elements after padding.
    public func paddedLength(_ length: Int) -> Int {
        switch self {
        case .auto, .on: (length + Self.blockLength - 1) / Self.blockLength * Self.blockLength
        case .off: length
        }
    }

    /// The plan with widened experts. The shared block keeps its whole number of expert widths.
    func applied(to plan: DecoderPlan) -> DecoderPlan {
        guard var experts = plan.experts else { return plan }
        experts.length = paddedLength(experts.length)
        var padded = plan
        padded.feedForward = .experts(experts)
        return padded
    }
}
