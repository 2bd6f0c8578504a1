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
        let limits = options.calibrationChunks
        windows = try calibration.enumerated().flatMap { number, text in
            try TokenWindows(
                text, tokenizer: model.tokenizer, context: 512,
                limit: limits.isEmpty ? nil : limits[min(number, limits.count - 1)]
            ).windows
        }
        texts = try (options.own + options.general).map { try EvaluationText(contentsOf: $0) }
        let begin = Date()
        if options.variants.contains(where: { $0.policy != nil }) {
            let path =
                "\(options.work)/\(name)-\(windows.count)-\(limits.map(String.init).joined(separator: "-")).moments"
            if try !moments.read(path) {
                try moments.collect(model.forwardPass(parallel), windows: windows, parallel: parallel)
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
        func encode(
            layer: Int?, _ moments: Moments, stage: Set<ActivationSite.Input>? = nil,
            pairs: [ActivationSite: PairedMoments] = [:], only: TensorRole? = nil
        ) throws {
            let roles = stage.map { stage in
                Set(stage.flatMap { ActivationSite(layer: 0, input: $0, expert: 0).roles })
            }
            for (index, assignment) in plan.assignments.enumerated() {
                let target = assignment.tensor
                guard target.type.isQuantized, let name = TensorName(gguf: target.name), name.layer == layer else {
                    continue
                }
                if let only, name.role != only { continue }
                if let roles, !roles.contains(name.role) { continue }
                switch variant.part {
                case "layers": if layer == nil { continue }
                case "embedding": if name.role != .tokenEmbedding { continue }
                case "output": if name.role != .output { continue }
                case "none": continue
                default: break
                }
                let job = TensorJob(
                    source: model.tensors, index: index, target: target, name: name, variant: variant,
                    importance: try matrix.stackWeights(for: target), moments: moments, parallel: parallel,
                    pairs: pairs)
                overlay.replace(at: index, by: target, bytes: try job.encode())
            }
        }
        if variant.isStaged {
            try encode(layer: nil, moments, only: .tokenEmbedding)
            var original = try states(of: model.tensors)
            var states = try states(of: overlay)
            for layer in 0..<model.plan.layerCount {
                let calibration = try LayerCalibration(
                    model, layer: layer, states: original, windowLength: 512, parallel: parallel)
                for stage in LayerCalibration.stages {
                    let pairs = try calibration.pairs(stage, states: states, quantized: overlay)
                    if stage.contains(.router), variant.correctsRouter { try correctRouter(layer, pairs, &overlay) }
                    try encode(layer: layer, moments, stage: stage, pairs: pairs)
                }
                original = calibration.originalStates
                states = try LayerRun(
                    plan: model.plan, source: overlay, layer: layer, states: states, windowLength: 512,
                    parallel: parallel
                ).run(recording: []).states
            }
            let site = Self.outputSite
            let norm = try model.matrix(.outputNorm, layer: nil)
            let pair = PairedMoments(
                columns: norm.count, inputs: normalized(states, norm), references: normalized(original, norm),
                rowCount: states.count / norm.count, parallel: parallel)
            try encode(layer: nil, moments, pairs: [site: pair], only: .output)
            return overlay
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

    /// Stands for the output matrix, which is at no site.
    static let outputSite = ActivationSite(layer: -1, input: .attention, expert: 0)

    /// The embedded calibration windows.
    private func states(of source: some TensorSource) throws -> [Float] {
        let index = source.tensors.firstIndex { $0.name == TensorName(.tokenEmbedding).gguf }!
        let width = model.plan.embeddingLength
        let table = try source.values(ofTensorAt: index, rows: 0..<source.tensors[index].shape.rowCount)
        var result: [Float] = []
        for token in windows.joined() { result += table[Int(token) * width..<(Int(token) + 1) * width] }
        return result
    }

    private func normalized(_ states: [Float], _ weight: [Float]) -> [Float] {
        var result = states
        let width = weight.count
        for start in stride(from: 0, to: states.count, by: width) {
            var squares: Float = 0
            for column in 0..<width { squares += states[start + column] * states[start + column] }
            let factor = 1 / (squares / Float(width) + model.plan.normEpsilon).squareRoot()
            for column in 0..<width { result[start + column] *= factor * weight[column] }
        }
        return result
    }

    /// Makes the router, which stays in single precision, answer to its inputs as it did to the original's.
    private func correctRouter(
        _ layer: Int, _ pairs: [ActivationSite: PairedMoments], _ overlay: inout OverlayTensors
    ) throws {
        let name = TensorName(.router, layer: layer).gguf
        guard let index = overlay.tensors.firstIndex(where: { $0.name == name }),
            let pair = pairs[ActivationSite(layer: layer, input: .router, expert: 0)]
        else { return }
        let weights = try model.matrix(.router, layer: layer)
        let corrected = pair.corrected(weights, damping: 0.01, share: 1)
        let tensor = overlay.tensors[index]
        overlay.replace(
            at: index, by: TensorDescriptor(name: name, shape: tensor.shape, type: .f32)!,
            bytes: corrected.withUnsafeBytes { Array($0) })
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
