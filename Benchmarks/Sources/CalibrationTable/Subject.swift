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
    private let calibration: [EvaluationText]
    private let parallel = Parallel()

    init(checkpoint: String, options: Options) throws {
        name = URL(filePath: checkpoint).lastPathComponent
        self.options = options
        original = "\(options.work)/\(name).gguf"
        importance = "\(options.work)/\(name).imatrix.gguf"
        calibration = try options.calibration.map { try EvaluationText(contentsOf: $0) }
        if !FileManager.default.fileExists(atPath: original) {
            let model = try Model.open(checkpoint)
            _ = try Conversion(target: .bf16, parallel: parallel).run(model, output: original) { _ in }
        }
        if !FileManager.default.fileExists(atPath: importance) {
            _ = try ImportanceCollection(ActivationCollection(), parallel: parallel)
                .run(Model.open(original), texts: calibration, output: importance) { _ in }
        }
    }

    func rows(type: String) throws -> [Row] {
        let peer = "\(options.work)/\(name)-\(type).llama.gguf"
        if !FileManager.default.fileExists(atPath: peer) { try quantizeByPeer(type, to: peer) }
        let paths = try options.variants.map { variant in
            let path = "\(options.work)/\(name)-\(type)-\(variant.name).calibrated.gguf"
            let begin = Date()
            try quantize(type, variant, to: path)
            let text = "\(name) \(type) \(variant.name): \(Int(Date().timeIntervalSince(begin))) s\n"
            FileHandle.standardError.write(Data(text.utf8))
            return path
        }
        let texts = try (options.own + options.general).map { try EvaluationText(contentsOf: $0) }
        let results = try Measurement(cut: WindowCut(windowLimit: options.chunks), compute: Compute(parallel: parallel))
            .run(
                ([peer] + paths).map { try Model.open($0) }, reference: .model(Model.open(original)), texts: texts
            ).models
        let divergences = results.map { texts -> [Double] in
            let parts = [texts[..<options.own.count], texts[options.own.count...]]
            return parts.map { Divergence($0.flatMap(\.comparisons)).divergence.mean }
        }
        let sizes = try ([peer] + paths).map { try Model.open($0).tensorByteCount }
        for (size, path) in zip(sizes, [peer] + paths) where size != sizes[0] {
            throw Options.Usage(description: "\(path) has \(size) bytes of tensors, not \(sizes[0])")
        }
        return zip(options.variants, divergences.dropFirst()).map { variant, found in
            Row(model: name, type: type, variant: variant.name, divergences: found, peer: divergences[0])
        }
    }

    private func quantize(_ type: String, _ variant: Variant, to path: String) throws {
        let texts = CalibrationTexts(calibration, cut: WindowCut(windowLimit: options.calibrationChunks))
        let fitting = TextFitting(texts, policy: try variant.policy())
        let inputs = try QuantizationInputs(Model.open(original), guidance: .texts(fitting, importance: importance))
        _ = try Quantization(recipe: try Recipe(named: type), parallel: parallel).plan(inputs).write(to: path) { _ in }
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
