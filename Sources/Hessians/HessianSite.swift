import ModelArchitecture
import Runtime

/// The inputs of some of a model's matrices, and what a file of second moments calls them.
public struct HessianSite: Sendable, Hashable {
    public let site: ActivationSite
    /// Columns of the matrices that multiply these inputs.
    public let columns: Int

    /// All of a model's, in the order of a forward pass and of the file.
    ///
    /// Routers are among them, for they see what the experts of their layer see together. Inputs of a single column, which
    /// correlate with nothing, are left out.
    public static func all(of plan: DecoderPlan) -> [HessianSite] {
        func site(_ layer: Int, _ input: ActivationSite.Input, expert: Int = 0) -> HessianSite {
            let site = ActivationSite(layer: layer, input: input, expert: expert)
            return HessianSite(site: site, columns: plan.dimensions(of: site.roles[0])[0])
        }
        var sites: [HessianSite] = []
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
        return sites.filter { $0.columns > 1 }
    }

    /// The sites by the name of a tensor that they are the inputs of; those of a stack by expert.
    public static func byTensor(of plan: DecoderPlan) -> [String: [HessianSite]] {
        var result: [String: [HessianSite]] = [:]
        for site in all(of: plan) {
            for name in site.tensorNames { result[name.gguf, default: []].append(site) }
        }
        return result
    }

    /// The tensors that multiply these inputs.
    var tensorNames: [TensorName] {
        site.roles.map { TensorName($0, layer: $0.isPerLayer ? site.layer : nil) }
    }

    /// What the names of its tensors in the file begin with: `blk.0.attn_q+attn_k+attn_v`, `blk.0.ffn_down_exps.7`.
    var name: String {
        let stems = site.roles.map(\.stem).joined(separator: "+")
        let layer = site.roles[0].isPerLayer ? "blk.\(site.layer)." : ""
        switch site.input {
        case .experts, .expertsDown: return "\(layer)\(stems).\(site.expert)"
        default: return layer + stems
        }
    }
}
