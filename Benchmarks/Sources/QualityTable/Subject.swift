import BlockFormats
import Evaluation
import Foundation
import Pipelines
import Recipes
import TensorCore

/// One model: its original, importance matrix and quantized files.
struct Subject {
    let name: String
    let options: Options
    private let original: String
    private let importance: String
    private let parallel = Parallel()

    init(checkpoint: String, options: Options) throws {
        name = URL(filePath: checkpoint).lastPathComponent
        self.options = options
        original = "\(options.work)/\(name).gguf"
        importance = "\(options.work)/\(name).imatrix.gguf"
        if !FileManager.default.fileExists(atPath: original) {
            let model = try Model(path: checkpoint)
            _ = try Conversion(target: .bf16, parallel: parallel).run(model, output: original) { _ in }
        }
        if !FileManager.default.fileExists(atPath: importance) {
            let texts = try options.calibration.map { try EvaluationText(contentsOf: $0) }
            _ = try ImportanceCollection(calibration: Calibration(), parallel: parallel)
                .run(Model(path: original), texts: texts, output: importance) { _ in }
        }
    }

    /// A file to measure.
    private struct Candidate {
        /// The mix, and the variant if it is one.
        let label: String
        let type: String
        let path: String
        let isPeer: Bool
    }

    func rows() throws -> [Row] {
        let candidates = try options.types.flatMap { try self.candidates(type: $0) }
        let measurement = Measurement(
            evaluation: PerplexityEvaluation(windowLimit: options.chunks), parallel: parallel)
        let texts = try (options.own + options.general).map { try EvaluationText(contentsOf: $0) }
        let results = try measurement.run(
            candidates.map { try Model(path: $0.path) }, reference: Model(path: original), texts: texts
        ) { _ in }.candidates.map { Domains($0, ownCount: options.own.count) }
        let measured = Array(zip(candidates, results))
        return try measured.filter { !$0.0.isPeer }
            .map { candidate, result in
                Row(
                    model: name, type: candidate.label, byteCount: try Model(path: candidate.path).tensorByteCount,
                    ours: result, peer: measured.first { $0.0.isPeer && $0.0.type == candidate.type }?.1)
            }
    }

    private func candidates(type: String) throws -> [Candidate] {
        var result: [Candidate] = []
        if options.variants.isEmpty {
            let path = "\(options.work)/\(name)-\(type.replacing("/", with: "+")).swage.gguf"
            try quantize(type, policy: nil, to: path)
            result.append(Candidate(label: type, type: type, path: path, isPeer: false))
        }
        for variant in options.variants {
            let path = "\(options.work)/\(name)-\(type.replacing("/", with: "+"))-\(variant.name).swage.gguf"
            try quantize(type, policy: variant.policy, to: path)
            result.append(Candidate(label: "\(type) \(variant.name)", type: type, path: path, isPeer: false))
        }
        if options.measuresPeer {
            let path = "\(options.work)/\(name)-\(type.replacing("/", with: "+")).llama.gguf"
            if !FileManager.default.fileExists(atPath: path) { try quantizeByPeer(type, to: path) }
            result.append(Candidate(label: type, type: type, path: path, isPeer: true))
        }
        return result
    }

    private func quantize(_ type: String, policy: EncodingPolicy?, to path: String) throws {
        let mix = try Mix(type)
        var quantization = Quantization(
            recipe: mix.recipe, options: try mix.options, importancePath: importance, parallel: parallel)
        if let policy { quantization.policies[mix.mainType] = policy }
        let model = try Model(path: original)
        _ = try quantization.run(model, plan: quantization.plan(model), output: path) { _ in }
    }

    private func quantizeByPeer(_ type: String, to path: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "\(options.llama)/llama-quantize")
        let mix = try Mix(type)
        process.arguments =
            ["--imatrix", importance] + mix.overrides.flatMap { ["--tensor-type", $0] }
            + [original, path, mix.recipe.name]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Options.Usage(description: "llama-quantize failed on \(type)")
        }
    }
}

/// A mix, or one with some tensors in another type: `Q8_0/exps=NVFP4`.
struct Mix {
    let recipe: Recipe
    /// `REGEX=TYPE`
    let overrides: [String]

    init(_ description: String) throws {
        let parts = description.split(separator: "/").map(String.init)
        recipe = try Recipe(named: parts[0])
        overrides = Array(parts.dropFirst())
    }

    var options: RecipeOptions {
        get throws {
            var options = RecipeOptions()
            options.overrides = try overrides.map { try TypeOverride(argument: $0) }
            return options
        }
    }

    /// The type that variants are tried for.
    var mainType: TensorType {
        overrides.first?.split(separator: "=").last.flatMap { TensorType(name: String($0)) } ?? recipe.baseType
    }
}

/// Divergences and perplexities over the texts of each domain.
struct Domains {
    let own: Divergence
    let general: Divergence
    let ownPerplexity: Double
    let generalPerplexity: Double

    init(_ results: [ModelComparison.Result], ownCount: Int) {
        own = Divergence(results[..<ownCount].flatMap(\.tokens))
        general = Divergence(results[ownCount...].flatMap(\.tokens))
        func perplexity(_ results: ArraySlice<ModelComparison.Result>) -> Double {
            let tokens = results.flatMap(\.tokens)
            return exp(-tokens.reduce(0) { $0 + $1.logProbability } / Double(tokens.count))
        }
        ownPerplexity = perplexity(results[..<ownCount])
        generalPerplexity = perplexity(results[ownCount...])
    }
}

/// One model in one type.
struct Row {
    let model: String
    let type: String
    let byteCount: Int
    let ours: Domains
    let peer: Domains?

    var logRatios: [Double] {
        guard let peer else { return [] }
        return [
            log(ours.own.divergence.mean / peer.own.divergence.mean),
            log(ours.general.divergence.mean / peer.general.divergence.mean),
        ]
    }

    var markdown: String {
        let ratios = peer == nil ? ["", ""] : logRatios.map { Self.figure(exp($0), 3) }
        func pair(_ value: (Domains) -> Double, _ decimals: Int) -> [String] {
            [Self.figure(value(ours), decimals), peer.map { Self.figure(value($0), decimals) } ?? ""]
        }
        let cells =
            [model, type, String(byteCount)] + ratios + pair({ $0.own.divergence.mean }, 5)
            + pair({ $0.general.divergence.mean }, 5) + pair({ $0.ownPerplexity }, 4)
            + pair({ $0.generalPerplexity }, 3)
        return "| " + cells.joined(separator: " | ") + " |"
    }

    static func figure(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }
}
