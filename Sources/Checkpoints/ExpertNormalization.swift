/// Whether the weights of the experts that a token passes through are scaled to sum to 1.
///
/// `config.json` says it as `norm_topk_prob`, which some checkpoints leave out: implementations differ in what that
/// means.
public enum ExpertNormalization: String, Sendable, CaseIterable {
    /// The configuration decides or, if it says nothing, the default of the model's own code.
    case auto
    /// The weights are scaled to sum to 1, whatever the checkpoint says.
    case on
    /// The weights are left as they are, whatever the checkpoint says.
    case off

    /// The answer, where the checkpoint itself says `configured`.
    func applied(to configured: Bool) -> Bool {
        switch self {
        case .auto: configured
        case .on: true
        case .off: false
        }
    }
}
