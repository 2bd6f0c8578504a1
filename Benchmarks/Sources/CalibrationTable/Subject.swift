import BlockFormats
import ErrorFeedback
import Evaluation
import Foundation
import Importance
import ModelArchitecture
import Pipelines
import Recipes
import Runtime
import TensorCore
import Tokenization

/// One model: its original, importance matrix, second moments and llama-quantize's files.
struct Subject {
    let name: String
    let options: Options
    private let model: Model
    private let original: String
    private let importance: String
    private let moments = Moments()
    private let windows: [TokenSequence]
    private let parallel = Parallel()
    private let texts: [EvaluationText]

    init(checkpoint: String, options: Options) throws {
        name = URL(filePath: checkpoint).lastPathComponent
        self.options = options
        original = "\(options.work)/\(name).gguf"
        importance = "\(options.work)/\(name).imatrix.gguf"
        let calibration = try options.calibration.map { try EvaluationText(contentsOf: $0) }
        if !FileManager.default.fileExists(atPath: original) {
            let model = try Model(path: checkpoint)
            _ = try Conversion(target: .bf16, parallel: parallel).run(model, output: original) { _ in }
        }
        let model = try Model(path: original)
        self.model = model
        if !FileManager.default.fileExists(atPath: importance) {
            _ = try ImportanceCollection(calibration: Calibration(), parallel: parallel)
                .run(model, texts: calibration, output: importance) { _ in }
        }
        windows = try calibration.flatMap {
            try TokenWindows($0, tokenizer: model.tokenizer, context: 512, limit: options.calibrationChunks).windows
        }
        texts = try (options.own + options.general).map { try EvaluationText(contentsOf: $0) }
        let begin = Date()
        if options.variants.contains(where: { $0.policy != nil }) {
            let path = "\(options.work)/\(name)-\(windows.count).moments"
            if try !moments.read(path) {
                try moments.collect(model.forwardPass(parallel), windows: windows, parallel: parallel)
                try moments.write(to: path)
            }
            if moments.embedding == nil {
                let part = stride(from: 0, to: windows.count, by: 6).map { windows[$0] }
                moments.embedding = try Sensitivity(model: model, parallel: parallel).embeddingMetric(windows: part)
                try moments.write(to: path)
            }
        }
        note("\(name): \(windows.count) windows, moments in \(Date().timeIntervalSince(begin)) s")
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

    func rows(type: String) throws -> [Row] {
        let peerPath = "\(options.work)/\(name)-\(type).llama.gguf"
        if !FileManager.default.fileExists(atPath: peerPath) { try quantizeByPeer(type, to: peerPath) }
        let reference = try model.forwardPass(parallel)
        var passes = [try Model(path: peerPath).forwardPass(parallel)]
        for variant in options.variants {
            let begin = Date()
            let tensors = try encode(type, variant)
            note("\(type) \(variant.name): \(Date().timeIntervalSince(begin)) s")
            passes.append(
                try ForwardPass(plan: model.plan, source: tensors, path: variant.name, parallel: parallel))
        }
        let results = try ModelComparison(PerplexityEvaluation(windowLimit: options.chunks))
            .run(reference: reference, candidates: passes, tokenizer: model.tokenizer, texts: texts).candidates
        let divergences = results.map { results in
            [results[..<options.own.count], results[options.own.count...]].map { part in
                let tokens = part.flatMap(\.tokens)
                return tokens.reduce(0) { $0 + $1.divergence } / Double(tokens.count)
            }
        }
        return zip(options.variants, divergences.dropFirst()).map { variant, found in
            Row(model: name, type: type, variant: variant.name, divergences: found, peer: divergences[0])
        }
    }

    /// The model's tensors in a mix.
    private func encode(_ type: String, _ variant: Variant) throws -> OverlayTensors {
        let plan = try Quantization(recipe: Recipe(named: type), importancePath: importance, parallel: parallel)
            .plan(model)
        let matrix = try ImportanceMatrix(contentsOf: importance)
        var overlay = OverlayTensors(model.tensors)
        func encode(layer: Int?, _ moments: Moments) throws {
            for (index, assignment) in plan.assignments.enumerated() {
                let target = assignment.tensor
                guard target.type.isQuantized, let name = TensorName(gguf: target.name), name.layer == layer else {
                    continue
                }
                switch variant.part {
                case "layers": if layer == nil { continue }
                case "embedding": if name.role != .tokenEmbedding { continue }
                case "output": if name.role != .output { continue }
                case "none": continue
                default: break
                }
                let job = TensorJob(
                    source: model.tensors, index: index, target: target, name: name, variant: variant,
                    importance: try matrix.stackWeights(for: target), moments: moments, parallel: parallel)
                overlay.replace(at: index, by: target, bytes: try job.encode())
            }
        }
        for layer in 0..<model.plan.layerCount {
            var moments = moments
            if variant.propagates {
                moments = Moments()
                let pass = try ForwardPass(plan: model.plan, source: overlay, path: name, parallel: parallel)
                try moments.collect(pass, windows: windows, layer: layer, parallel: parallel)
            }
            try encode(layer: layer, moments)
        }
        try encode(layer: nil, moments)
        return overlay
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
