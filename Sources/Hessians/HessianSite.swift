import ErrorFeedback
import ModelArchitecture
import Runtime

/// The inputs that some of a model's matrices share, or a block of wide inputs: what one set of second moments is
/// about.
public struct HessianSite: Sendable, Hashable {
    /// The place in the model where the matrices meet these inputs.
    public let site: ActivationSite
    /// The number of the block of columns; nil if the inputs are not cut.
    public let block: Int?
    /// The columns of the matrices that multiply these inputs.
    public let columns: Range<Int>

    /// All sites of a model, in the order of a forward pass and of the file.
    ///
    /// Routers are among them, for they see what the experts of their layer see together. Inputs of a single column,
    /// which correlate with nothing, are left out.
    public static func all(of plan: DecoderPlan, _ blocks: ColumnBlocks) -> [HessianSite] {
        func site(_ layer: Int, _ input: ActivationSite.Input, expert: Int = 0) -> ActivationSite {
            ActivationSite(layer: layer, input: input, expert: expert)
        }
        var sites: [ActivationSite] = []
        for layer in 0..<plan.layerCount {
            sites += [site(layer, .attention), site(layer, .attentionOutput)]
            guard let experts = plan.experts else {
                sites += [site(layer, .feedForward), site(layer, .feedForwardDown)]
                continue
            }
            sites.append(site(layer, .router))
            if experts.sharedCount > 0 { sites += [site(layer, .shared), site(layer, .sharedDown)] }
            for expert in 0..<experts.count {
                sites += [site(layer, .experts, expert: expert), site(layer, .expertsDown, expert: expert)]
            }
        }
        if !plan.tiesOutputToEmbedding { sites.append(site(plan.layerCount, .output)) }
        return sites.flatMap { site in
            let ranges = blocks.ranges(of: plan.dimensions(of: site.roles[0])[0])
            return ranges.enumerated().map {
                HessianSite(site: site, block: ranges.count > 1 ? $0 : nil, columns: $1)
            }
        }.filter { $0.columns.count > 1 }
    }

    /// The sites by the name of a tensor that they are the inputs of: one list for each matrix of a stack, of one site
    /// for each block of columns.
    public static func byTensor(of plan: DecoderPlan, _ blocks: ColumnBlocks) -> [String: [[HessianSite]]] {
        var result: [String: [[HessianSite]]] = [:]
        for site in all(of: plan, blocks) {
            for name in site.tensorNames {
                if let block = site.block, block > 0 {
                    result[name.gguf]![site.site.expert].append(site)
                } else {
                    result[name.gguf, default: []].append([site])
                }
            }
        }
        return result
    }

    /// The site of the layer's router with the same columns: the router sees what the experts see together.
    public var router: HessianSite {
        let router = ActivationSite(layer: site.layer, input: .router, expert: 0)
        return HessianSite(site: router, block: block, columns: columns)
    }

    /// The tensors that multiply these inputs.
    var tensorNames: [TensorName] {
        site.roles.map { TensorName($0, layer: $0.isPerLayer ? site.layer : nil) }
    }

    /// What the names of its tensors in the file begin with: `blk.0.attn_q+attn_k+attn_v`, `blk.0.ffn_down_exps.7`, of
    /// the second block of columns `blk.0.ffn_down_exps.7:1`.
    var name: String { inputName + (block.map { ":\($0)" } ?? "") }

    /// The name without the number of the block of columns.
    package var inputName: String {
        let stems = site.roles.map(\.stem).joined(separator: "+")
        let layer = site.roles[0].isPerLayer ? "blk.\(site.layer)." : ""
        let expert = site.isOfExpert ? ".\(site.expert)" : ""
        return layer + stems + expert
    }
}
