import Foundation
import Parallelism

/// Writes a checkpoint with the shapes of XVERSE-MoE-A4.2B and random weights: what is too large to be bundled, but decides
/// speed and memory.
///
/// RealGeometry TOKENIZER-DIRECTORY OUTPUT-DIRECTORY [LAYERS [SEED]]
///
/// The tokenizer of the first directory is filled up with made-up tokens to the full vocabulary. The same layers and seed
/// give the same bytes.
@main
struct RealGeometry {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard (3...5).contains(arguments.count),
            let layers = arguments.count > 3 ? Int(arguments[3]) : 1, layers > 0,
            let seed = arguments.count > 4 ? UInt64(arguments[4]) : 1
        else {
            FileHandle.standardError.write(
                Data("usage: RealGeometry TOKENIZER-DIRECTORY OUTPUT-DIRECTORY [LAYERS [SEED]]\n".utf8))
            exit(2)
        }
        let tokenizers = URL(filePath: arguments[1])
        let output = URL(filePath: arguments[2])
        let geometry = Geometry(layerCount: layers)
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        try geometry.configuration.write(to: output.appending(path: "config.json"))
        try geometry.generationConfiguration.write(to: output.appending(path: "generation_config.json"))
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            try Data(contentsOf: tokenizers.appending(path: name)).write(to: output.appending(path: name))
        }
        try SyntheticVocabulary.fill(
            String(contentsOf: tokenizers.appending(path: "tokenizer.json"), encoding: .utf8),
            to: geometry.vocabularySize
        ).write(to: output.appending(path: "tokenizer.json"), atomically: true, encoding: .utf8)
        let writer = CheckpointWriter(directory: output, weights: RandomWeights(seed: seed), parallel: Parallel())
        let byteCount = try writer.write(geometry.tensors)
        print("\(output.path): \(geometry.tensors.count) tensors, \(byteCount) bytes")
    }
}
