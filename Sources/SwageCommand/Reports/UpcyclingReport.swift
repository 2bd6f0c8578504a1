import Models
import Pipelines
import Reporting
import Upcycling

/// What `upcycle` says of what it makes.
enum UpcyclingReport {
    /// What would be made, or was, in a few lines.
    static func description(of plan: ExpertUpcycling.Plan, _ dense: Model) -> DisplayText {
        let (upcycling, options) = (plan.upcycling, plan.upcycling.options)
        let counts = upcycling.weightCounts
        let (all, active) = (Figures.weights(counts.all), Figures.weights(counts.active))
        let slices =
            options.granularity == 1
            ? "whole blocks, \(upcycling.length) wide"
            : "slices \(upcycling.length) wide of blocks \(upcycling.denseLength) wide"
        let shared = options.sharedCount > 0 ? " beside \(options.sharedCount) shared" : ""
        let groups =
            upcycling.groupSize == 1
            ? "" : ", in \(upcycling.groupCount) virtual groups of \(upcycling.groupSize)"
        let files = plan.shardByteCounts.count == 1 ? "1 file" : "\(plan.shardByteCounts.count) files"
        return """
            \(dense.userName) as \(upcycling.form.rawValue): \(slices)
            \(options.expertCount) experts\(groups), \(options.usedCount) for each token\(shared)
            \(all) weights, \(active) for each token; \(Figures.bytes(plan.byteCount)) in \(files)
            \(words(for: upcycling))

            """
    }

    private static func words(for plan: UpcyclingPlan) -> String {
        switch plan.exactness {
        case .exact: "exact: it computes what the dense model computes, whatever the router says"
        case .rounded:
            "exact but for rounding: the factor \(plan.groupSize) of the down matrices is no power of two"
        case .perturbed: "not exact: each expert is changed by itself"
        }
    }

    /// A comparison with the dense model, one row per text.
    static func table(of outcome: UpcyclingCheck.Outcome) -> Table {
        var table = Table([
            .init("text"), .init("perplexity, dense", .right), .init("upcycled", .right),
            .init("ln of the ratio", .right), .init("KL divergence, mean", .right), .init("same top token", .right),
        ])
        for (text, result) in zip(outcome.texts, outcome.results) {
            let agreement = result.divergence.map { Figures.decimal(100 * $0.agreement.mean, 2) + " %" } ?? ""
            table.append([
                text.name, Figures.decimal(text.dense, 4), Figures.decimal(text.upcycled, 4),
                Figures.decimal(text.logRatio, 7), Figures.decimal(text.divergence, 9), agreement,
            ])
        }
        return table
    }

    /// What is left of upcycling in a model.
    static func words(for origin: ExpertOrigin) -> String {
        let (all, sliced) = (origin.layers.count, origin.slicedLayers)
        if let first = sliced.first {
            let groups =
                first.groups.prefix(3).map { group in
                    group.count == 1 ? "\(group[0])" : "\(group[0])–\(group[group.count - 1])"
                }.joined(separator: ", ") + (first.groups.count > 3 ? ", …" : "")
            let places = sliced.count == all ? "all \(all) layers" : "\(sliced.count) of \(all) layers"
            return "experts: \(first.distinctCount) slices of one dense block, in \(first.groups.count) virtual groups "
                + "(\(groups)), in \(places)"
        }
        if origin.hasCopies {
            let copies = origin.layers.filter { $0.distinctCount < $0.expertCount }
            return "experts: copies of \(copies[0].distinctCount), whose routers differ within groups, in "
                + "\(copies.count) of \(all) layers"
        }
        return "experts: each with weights of its own, in all \(all) layers"
    }
}
