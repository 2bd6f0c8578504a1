import Evaluation
import Files
import FoundationEssentials
import Manifests
import SafetensorsIO
import Upcycling

/// The `README.md` of an upcycled checkpoint: what was done, and what it is good for.
struct UpcycledCard {
    static let name = "README.md"

    private let plan: ExpertUpcycling.Plan
    /// What a comparison with the dense model has come to.
    var check: UpcyclingCheck.Outcome?

    init(_ plan: ExpertUpcycling.Plan) { self.plan = plan }

    /// What files of weights say of their making, besides what PyTorch's loaders ask for.
    static func shardMetadata(_ manifest: Manifest) throws -> [SafetensorsFile.Metadata] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [
            .init(key: "format", value: "pt"),
            .init(key: "swage.manifest", value: ByteString(Array(try encoder.encode(manifest)))),
        ]
    }

    var text: String {
        [frontMatter, heading, table, meaning, use, checked, making].compactMap { $0 }.joined(separator: "\n\n") + "\n"
    }

    private var upcycling: UpcyclingPlan { plan.upcycling }
    private var options: UpcyclingOptions { plan.upcycling.options }
    private var model: String { Self.plain(plan.dense.name) }

    private var frontMatter: String {
        """
        ---
        library_name: transformers
        tags:
        - moe
        - upcycled
        ---
        """
    }

    private var heading: String {
        """
        # \(model), upcycled

        A mixture of experts that was made of the dense model \(model), to be trained on. Nothing has been trained: every expert
        is a slice of a feed-forward block of the dense model, and attention, norms, embedding and output are its own.
        """
    }

    private var table: String {
        let counts = upcycling.weightCounts
        var rows = [
            ("Form", upcycling.form == .xverseMoE ? "XVERSE-MoE" : "Mixtral"),
            (
                "Granularity",
                "\(options.granularity): blocks \(upcycling.denseLength) wide in slices of \(upcycling.length)"
            ),
            ("Routed experts", "\(options.expertCount), of which each token takes \(options.usedCount)"),
            ("Virtual groups", "\(upcycling.groupCount) of \(upcycling.groupSize) experts"),
            ("Shared slices", "\(options.sharedCount)"),
            (
                "Weights",
                "\(Self.billions(counts.all)), of which a token passes through \(Self.billions(counts.active))"
            ),
            ("Factor of the experts' down matrices", "\(upcycling.groupSize)"),
            ("Router", "normal, standard deviation \(options.routerScale), seed \(options.seed)"),
        ]
        switch options.perturbation {
        case .none: break
        case .noise(let share): rows.append(("Noise", "\(share) of the standard deviation of each expert's matrices"))
        case .drop(let share): rows.append(("Re-initialized", "\(share) of each expert's inner elements"))
        }
        return (["| | |", "|---|---|"] + rows.map { "| \($0.0) | \($0.1) |" }).joined(separator: "\n")
    }

    private var meaning: String {
        let slices = (options.sharedCount..<options.granularity).map(String.init).joined(separator: ", ")
        let layout =
            "Expert e holds slice \(options.sharedCount) + e mod \(upcycling.groupSize) of the slices \(slices)"
            + (options.sharedCount > 0 ? "; the shared block holds those before" : "")
            + ". The router's rows of a virtual group are equal, so that each token takes whole groups."
        let exactness =
            switch upcycling.exactness {
            case .exact:
                "It computes what the dense model computes, whatever the router says, but for the order of sums."
            case .rounded:
                "It computes what the dense model computes but for the rounding of the experts' down matrices, whose factor "
                    + "is no power of two."
            case .perturbed:
                "It does not compute what the dense model computes: its experts were changed, each by itself."
            }
        return layout + "\n\n" + exactness
            + " Two groups whose logits are equal can be split by a router that computes in 16 bits: let routers compute in "
            + "float32."
    }

    private var use: String? {
        guard upcycling.form == .xverseMoE else { return nil }
        return """
            The code of the model's class is not part of this folder: transformers needs `modeling_xverse.py` and
            `configuration_xverse.py` of [XVERSE-MoE-A4.2B](https://huggingface.co/xverse/XVERSE-MoE-A4.2B) in it.
            """
    }

    private var checked: String? {
        guard let check else { return nil }
        let rows = check.texts.map {
            "| \(Self.plain($0.name)) | \(Self.number($0.dense)) | \(Self.number($0.upcycled)) | \(Self.number($0.divergence)) |"
        }
        return (["| Text | Perplexity, dense | Upcycled | KL divergence |", "|---|---:|---:|---:|"] + rows)
            .joined(separator: "\n")
    }

    private var making: String {
        let digest = plan.manifest.inputs.map { "\($0.kind) \(Self.plain($0.name)), sha256 of samples \($0.digest)" }
        return "Made by Swage \(plan.manifest.version) of: \(digest.joined(separator: "; "))."
    }

    private static func billions(_ count: Int) -> String {
        count >= 1_000_000_000
            ? "\((Double(count) / 1e7).rounded() / 100) B" : "\((Double(count) / 1e4).rounded() / 100) M"
    }

    private static func number(_ value: Double) -> String { "\((value * 1e6).rounded() / 1e6)" }

    /// A name without what Markdown takes for more than letters.
    private static func plain(_ name: String) -> String {
        String(name.map { $0.isLetter || $0.isNumber || " ._-+()".contains($0) ? $0 : " " })
    }
}
