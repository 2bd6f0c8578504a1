import ArgumentParser
import Evaluation
import Pipelines

struct ImportanceMatrixCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imatrix", abstract: "Collects an importance matrix of a model over calibration texts.")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: String

    @Option(name: .customLong("text"), parsing: .upToNextOption, help: "Calibration texts, plain or .zst.")
    var texts: [String]

    @Option(name: .shortAndLong, help: "The importance matrix to write, in llama.cpp's GGUF form.")
    var output: String

    @OptionGroup var windows: WindowOptions
    @OptionGroup var padding: PaddingOptions
    @OptionGroup var splitting: PreTokenizerOptions
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let texts = try texts.map { try EvaluationText(contentsOf: $0) }
        let model = try Model(path: model, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
        let calibration = Calibration(context: windows.context, windowLimit: windows.chunks)
        let matrix = try ImportanceCollection(calibration: calibration, parallel: compute.parallel)
            .run(model, texts: texts, output: output, progress: ProgressLine.handler)
        ProgressLine.clear()
        let unseen = matrix.entries.values.reduce(0) { $0 + $1.counts.filter { $0 == 0 }.count }
        StandardStream.output.write(
            "\(output): \(matrix.entries.count) tensors from \(matrix.chunkCount) windows of \(matrix.chunkSize) tokens"
                + (unseen > 0 ? "; \(unseen) expert matrices saw no token" : "") + "\n")
    }
}
