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

    func rows() throws -> [Row] {
        let files = try options.types.flatMap { type in
            let ours = "\(options.work)/\(name)-\(type).swage.gguf"
            let peer = "\(options.work)/\(name)-\(type).llama.gguf"
            try quantize(type, to: ours)
            guard options.measuresPeer else { return [ours] }
            if !FileManager.default.fileExists(atPath: peer) { try quantizeByPeer(type, to: peer) }
            return [ours, peer]
        }
        let measurement = Measurement(
            evaluation: PerplexityEvaluation(windowLimit: options.chunks), parallel: parallel)
        let texts = try (options.own + options.general).map { try EvaluationText(contentsOf: $0) }
        let results = try measurement.run(
            files.map { try Model(path: $0) }, reference: Model(path: original), texts: texts
        ) { _ in }.candidates.map { Domains($0, ownCount: options.own.count) }
        let step = options.measuresPeer ? 2 : 1
        return try options.types.enumerated().map { index, type in
            Row(
                model: name, type: type, byteCount: try Model(path: files[step * index]).tensorByteCount,
                ours: results[step * index], peer: options.measuresPeer ? results[2 * index + 1] : nil)
        }
    }

    private func quantize(_ type: String, to path: String) throws {
        var quantization = Quantization(
            recipe: try Recipe(named: type), importancePath: importance, parallel: parallel)
        quantization.policies = options.policies
        let model = try Model(path: original)
        _ = try quantization.run(model, plan: quantization.plan(model), output: path) { _ in }
    }

    private func quantizeByPeer(_ type: String, to path: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "\(options.llama)/llama-quantize")
        process.arguments = ["--imatrix", importance, original, path, type]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Options.Usage(description: "llama-quantize failed on \(type)")
        }
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
