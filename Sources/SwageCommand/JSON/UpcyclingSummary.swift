import Models
import Pipelines
import Upcycling

/// What `upcycle --json` prints.
struct UpcyclingSummary: Encodable {
    let model: String
    let form: String
    let experts: Int
    let usedExperts: Int
    let sharedSlices: Int
    let granularity: Int
    /// The experts of a virtual group.
    let groupSize: Int
    let expertWidth: Int
    let weights: Int
    /// Those that a token is multiplied with.
    let activeWeights: Int
    let tensorBytes: Int
    let exactness: String
    let texts: [Text]?

    /// What a comparison says of a text.
    struct Text: Encodable {
        let name: String
        let densePerplexity: Double
        let perplexity: Double
        /// ln of the ratio of the perplexities.
        let logRatio: Double
        let divergence: Double
    }

    init(_ plan: ExpertUpcycling.Plan, of dense: Model, compared: UpcyclingCheck.Outcome?) {
        let (upcycling, options) = (plan.upcycling, plan.upcycling.options)
        model = dense.userName
        form = upcycling.form.rawValue
        experts = options.expertCount
        usedExperts = options.usedCount
        sharedSlices = options.sharedCount
        granularity = options.granularity
        groupSize = upcycling.groupSize
        expertWidth = upcycling.length
        (weights, activeWeights) = (upcycling.weightCounts.all, upcycling.weightCounts.active)
        tensorBytes = plan.byteCount
        exactness = upcycling.exactness.rawValue
        texts = compared?.texts.map {
            Text(
                name: $0.name, densePerplexity: $0.dense, perplexity: $0.upcycled, logRatio: $0.logRatio,
                divergence: $0.divergence)
        }
    }
}
