import BlockFormats
import Calibration
import Evaluation
import Foundation
import Models
import Parallelism
import Pipelines
import Recipes

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
            let model = try Model.open(checkpoint)
            _ = try Conversion(target: .bf16, parallel: parallel).run(model, output: original) { _ in }
        }
        if !FileManager.default.fileExists(atPath: importance) {
            let texts = try options.calibration.map { try EvaluationText(contentsOf: $0) }
            _ = try ImportanceCollection(ActivationCollection(), parallel: parallel)
                .run(Model.open(original), texts: texts, output: importance) { _ in }
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
            cut: WindowCut(windowLimit: options.chunks), compute: Compute(parallel: parallel))
        let texts = try (options.own + options.general).map { try EvaluationText(contentsOf: $0) }
        let reference = try Model.open(original)
        let results = try measurement.run(
            candidates.map { try Model.open($0.path) }, reference: .model(reference), texts: texts
        ).models
        let comparison = WeightComparison(importancePath: importance, compute: Compute(parallel: parallel))
        let measured = try zip(candidates, results)
            .map { candidate, results in
                var error = WeightError()
                let quantized = try Model.open(candidate.path)
                for tensor in try comparison.run(original: reference, quantized: quantized)
                where tensor.type.isQuantized { error.add(tensor.total) }
                return (candidate, Measured(results, ownCount: options.own.count, error: error))
            }
        return try measured.filter { !$0.0.isPeer }
            .map { candidate, result in
                Row(
                    model: name, type: candidate.label, byteCount: try Model.open(candidate.path).tensorByteCount,
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
            recipe: mix.recipe, options: try mix.options, parallel: parallel)
        if let policy { quantization.policies[mix.mainType] = policy }
        let inputs = try QuantizationInputs(Model.open(original), guidance: .importance(importance))
        _ = try quantization.plan(inputs).write(to: path) { _ in }
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
