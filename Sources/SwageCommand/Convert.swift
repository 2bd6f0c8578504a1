import ArgumentParser
import Pipelines
import Reporting

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a checkpoint as a GGUF file that llama.cpp runs.")

    @Argument(help: "A HuggingFace checkpoint directory, or a GGUF file.")
    var checkpoint: String

    @Option(name: .shortAndLong, help: "The GGUF file to write.")
    var output: String

    @Option(help: "The type of the matrices: auto (as stored), f32, f16, bf16 or q8_0.")
    var type: Conversion.Target = .auto

    @Option(help: "What the file calls the model. Default: the checkpoint's name.")
    var name: String?

    @OptionGroup var padding: PaddingOptions
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let model = try Model(path: checkpoint, expertPadding: padding.padExperts)
        let outcome = try Conversion(target: type, name: name, parallel: compute.parallel)
            .run(model, output: output, progress: ProgressLine.handler)
        ProgressLine.clear()
        StandardStream.output.write("\(output): \(outcome.summary)\n")
    }
}

extension Conversion.Target: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument.lowercased()) }
}

extension Conversion.Outcome {
    /// Count, size and bits per weight, for one line.
    var summary: String {
        "\(tensorCount) tensors, \(Figures.bytes(fileByteCount)), \(Figures.decimal(bitsPerWeight, 3)) bits per weight"
    }
}
