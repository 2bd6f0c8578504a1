import ArgumentParser
import Evaluation
import Manifests
import Models
import Numerics
import Pages
import Pipelines
import Reporting
import Runtime

struct PerplexityCommand: WritingCommand {
    static let jsonTellsOutputs = false

    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Measures how well a model predicts texts, by llama.cpp's protocol, and how far from another model.",
        examples:
            "perplexity xverse.gguf --text wiki.txt",
        "perplexity xverse-Q4_K_M.gguf --reference xverse.gguf --text wiki.txt")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath?

    @Option(
        name: .customLong("text"), parsing: .upToNextOption,
        help: "Texts, plain or .jsonl, also .zst. Default with --base-logits: all that it is of.")
    var texts: [InputPath] = []

    @Option(help: "The original model: measures the KL divergence from its predictions too.")
    var reference: InputPath?

    @Option(help: "Stored predictions of the original model, of llama.cpp or Swage, in place of --reference.")
    var baseLogits: InputPath?

    @Option(help: "Store the model's predictions in this file, for --base-logits.")
    var saveBaseLogits: GrowingPath?

    @Option(help: "How to store them: swage, small, or llama, as llama-perplexity --kl-divergence reads them.")
    var baseLogitsFormat: PredictionFile.Form = .swage

    @Option(help: "Keep the scores of finished windows in this file; a run that ended early goes on from there.")
    var saveScores: GrowingPath?

    @Option(
        help: ArgumentHelp(
            "With --save-scores or --save-base-logits: save the states of unfinished windows that often.",
            valueName: "seconds"))
    var saveStatesEvery = 60.0

    @Option(
        parsing: .upToNextOption,
        help: "In place of a model: files of --save-scores of different windows, as if one run had scored them all.")
    var mergeScores: [InputPath] = []

    @Option(
        help: ArgumentHelp(
            "Let windows begin every N tokens and score only what no window before has, as HuggingFace describes it.",
            discussion: "Without it windows do not overlap and their second half is scored, as llama.cpp has it.",
            valueName: "n"))
    var stride: Int?

    @OptionGroup(title: "Windows of text") var windows: WindowOptions
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ComputeOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        if reference != nil, baseLogits != nil {
            throw ValidationError("--reference and --base-logits exclude each other")
        }
        if saveBaseLogits != nil, reference != nil || baseLogits != nil {
            throw ValidationError(
                "--save-base-logits stores a model's own predictions, without --reference or --base-logits")
        }
        if saveBaseLogits != nil, saveScores != nil {
            throw ValidationError("--save-base-logits keeps the scores itself; leave out --save-scores")
        }
        guard (0...1e9).contains(saveStatesEvery) else {
            throw ValidationError("--save-states-every must be from 0 to 1000000000 seconds")
        }
        guard (model == nil) != mergeScores.isEmpty else {
            throw ValidationError("give a model, or --merge-scores FILE…")
        }
        try reading.demand(model?.path)
        if mergeScores.isEmpty, texts.isEmpty, baseLogits == nil {
            throw ValidationError("name at least one text with --text FILE")
        }
    }

    func run() throws {
        guard let path = model?.path else {
            let (identity, results) = try Measurement.merge(scores: mergeScores.map(\.path))
            // The last model is the one that was measured; a reference comes before it.
            return try show(
                results[results.count - 1], model: identity.models[results.count - 1].name,
                results.count > 1 ? identity.models[0].name : identity.reference?.name, context: identity.context,
                stride: identity.stride,
                precision: identity.precision ?? Precision.reference.rawValue, identity.manifest)
        }
        let inputs = try inputs(path)
        try show(
            try inputs.measurement.run([inputs.model], reference: inputs.reference, texts: inputs.texts).models[0],
            of: inputs)
    }

    /// What is measured and how, opened.
    struct Inputs {
        let texts: [EvaluationText]
        let model: Model
        let original: Model?
        let reference: Measurement.Reference?
        let measurement: Measurement
    }

    func inputs(_ path: String) throws -> Inputs {
        let texts = try texts.map { try EvaluationText(contentsOf: $0.path) }
        let named = try ([path] + [reference?.path].compactMap { $0 }).map { try reading.open($0) }.calledAsGiven
        var cut = windows.cut
        cut.stride = stride
        let baseLogits = baseLogits?.path
        if texts.isEmpty, let baseLogits {
            let stored = try Measurement.cut(ofPredictions: baseLogits)
            (cut.context, cut.stride, cut.parsesSpecial) = (stored.context, stored.stride, stored.parsesSpecial)
        }
        var measurement = Measurement(cut: cut, compute: work.compute)
        measurement.recording = saveBaseLogits.map { PredictionFile(path: $0.path, form: baseLogitsFormat) }
        measurement.scorePath = saveScores?.path
        measurement.stateInterval = .seconds(saveStatesEvery)
        let original = named.count > 1 ? named[1] : nil
        return Inputs(
            texts: texts, model: named[0], original: original,
            reference: original.map { .model($0) } ?? baseLogits.map { .predictions(path: $0) },
            measurement: measurement)
    }

    func show(_ results: [EvaluationResult], of inputs: Inputs) throws {
        var cut = inputs.measurement.cut
        // Which windows are scored each text says, and merged parts have the manifest of the whole.
        (cut.firstWindow, cut.windowLimit) = (0, nil)
        let baseLogits = baseLogits?.path
        try show(
            results, model: inputs.model.name, inputs.original?.name ?? baseLogits.map(Provenance.lastComponent),
            context: cut.context, stride: cut.stride, precision: work.precision.rawValue,
            terminal.json
                ? Manifest(
                    models: [inputs.original, inputs.model].compactMap { $0 }, predictions: baseLogits,
                    texts: inputs.texts, cut: cut)
                : nil)
    }

    private func show(
        _ results: [EvaluationResult], model: String, _ reference: String?, context: Int, stride: Int?,
        precision: String, _ manifest: Manifest?
    ) throws {
        ProgressLine.clear()
        if terminal.json {
            return try JSONOutput.print(
                PerplexityReport(
                    manifest: manifest, model: model, reference: reference, context: context, stride: stride,
                    precision: precision, core: BLAS.coreName, texts: results.map { TextFigures($0) }))
        }
        var tables = [PerplexityTable.perplexities(results, precision: precision), PerplexityTable.losses(results)]
        if results.contains(where: { $0.divergence != nil }) { tables.append(DivergenceTable.full(results)) }
        try StandardStream.output.write(tables.map(\.terminal).joined(separator: "\n\n") + "\n")
    }
}

extension PredictionFile.Form: ExpressibleByArgument {}
