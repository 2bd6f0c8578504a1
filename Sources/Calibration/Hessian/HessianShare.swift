import ErrorFeedback
import Hessians
import ModelArchitecture
import Runtime

/// Some of the sites whose second moments a file has, and how far the model is run to see their inputs.
package struct HessianShare: Sendable {
    /// The sites whose second moments are collected.
    let sites: Set<ActivationSite>
    /// How many layers are run.
    let layerCount: Int
    /// Whether the output follows them: the share has the last of the sites.
    let hasOutput: Bool
    /// The sites of other shares.
    private let others: Set<ActivationSite>

    /// All sites of a model.
    init(of plan: DecoderPlan) {
        self.init(HessianUnit.all(of: plan, ColumnBlocks()).indices, of: plan)
    }

    /// Some of the sites of a model.
    ///
    /// - Parameter range: Their places in ``HessianUnit/all(of:_:)``, at least one.
    package init(_ range: Range<Int>, of plan: DecoderPlan) {
        let all = HessianUnit.all(of: plan, ColumnBlocks()).map(\.site)
        sites = Set(all[range])
        others = Set(all).subtracting(sites)
        hasOutput = range.upperBound == all.count
        layerCount = hasOutput ? plan.layerCount : min(plan.layerCount, all[range.upperBound - 1].layer + 1)
    }

    /// The layers that come to records, with the output as the last layer's successor.
    var recordedLayers: Range<Int> { 0..<layerCount + (hasOutput ? 1 : 0) }

    /// Whether the importance of a site's inputs belongs to the share: what a file of second moments lacks is of the last one.
    @Sendable func hasImportance(_ site: ActivationSite) -> Bool {
        sites.contains(site) || hasOutput && !others.contains(site)
    }
}

/// A site whose second moments can be collected without those of others, and what that takes.
package struct HessianUnit: Sendable {
    /// The place in the model.
    let site: ActivationSite
    /// What the names of its tensors begin with, without the number of a block of columns.
    package let name: String
    /// Multiplications for each token of the texts, as if experts got as many tokens each.
    package let cost: Double
    /// Multiplications for each token in the layers until there.
    package let costBefore: Double

    /// Multiplications with weights that a product of two columns takes as long as, measured: half of the products are computed,
    /// rows are copied before, and sums are encoded.
    private static let productCost = 0.7

    /// All sites of a model, in the order of its file; the blocks of wide inputs are one.
    package static func all(of plan: DecoderPlan, _ blocks: ColumnBlocks) -> [HessianUnit] {
        var units: [HessianUnit] = []
        for site in HessianSite.all(of: plan, blocks) where units.last?.site != site.site {
            let columns = plan.dimensions(of: site.site.roles[0])[0]
            let products = blocks.ranges(of: columns).reduce(0.0) {
                $0 + productCost * Double($1.count) * Double($1.count)
            }
            let share = site.site.isOfExpert ? plan.experts.map { Double($0.usedCount) / Double($0.count) } ?? 1 : 1
            units.append(
                HessianUnit(
                    site: site.site, name: site.inputName, cost: products * share,
                    costBefore: Double(min(plan.layerCount, site.site.layer + 1)) * plan.multiplicationsPerLayer))
        }
        return units
    }
}

extension DecoderPlan {
    /// Multiplications with the weights of a layer, for each token.
    package var multiplicationsPerLayer: Double {
        let roles: [TensorRole] = [
            .attentionQuery, .attentionKey, .attentionValue, .attentionOutput, .feedForwardGate, .feedForwardUp,
            .feedForwardDown, .router, .expertsGate, .expertsUp, .expertsDown, .sharedGate, .sharedUp, .sharedDown,
        ]
        return roles.reduce(0) { sum, role in
            let dimensions = dimensions(of: role)
            let used = dimensions.count > 2 ? experts?.usedCount ?? 0 : 1
            return sum + Double(dimensions[0]) * Double(dimensions[1]) * Double(used)
        }
    }
}
