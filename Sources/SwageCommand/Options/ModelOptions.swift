import ArgumentParser
import Checkpoints
import Models
import Pipelines
import Tokenizers

/// Options of every command that reads a model.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Widen experts with zeros to whole 256-element blocks: auto, on or off.",
            discussion: "Exact, and what lets the down matrices use every format. auto pads where it is needed."))
    var padExperts: ExpertPadding = .auto

    @Option(
        help: ArgumentHelp(
            "Scale the weights of each token's experts to sum to 1: auto, on or off.",
            discussion: "auto does as config.json says with norm_topk_prob, or else as the model's own code does."))
    var normalizeExperts: ExpertNormalization = .auto

    @OptionGroup var splitting: PreTokenizerOptions

    /// Refuses options about how a model is read where a command is given none.
    func demand(_ model: String?) throws {
        let isAny = padExperts != .auto || normalizeExperts != .auto || splitting.preTokenizer != nil
        guard model == nil, isAny else { return }
        throw ValidationError("--pad-experts, --normalize-experts and --pre-tokenizer belong to a model")
    }

    /// Opens a model, and says on standard error what a user should know of how it is read.
    ///
    /// - Parameter expertPadding: nil for what the user asks for.
    func open(_ path: String, expertPadding: ExpertPadding? = nil, readsWeights: Bool = true) throws -> Model {
        let model = try Model.open(
            path, expertPadding: expertPadding ?? padExperts, expertNormalization: normalizeExperts,
            preTokenizer: splitting.preTokenizer, readsWeights: readsWeights)
        ProgressLine.say(model.notes)
        return model
    }
}

extension ExpertPadding: ExpressibleByArgument {}

extension ExpertNormalization: ExpressibleByArgument {}

/// Options of every command that reads a checkpoint's tokenizer.
struct PreTokenizerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How a byte-level tokenizer splits words, by llama.cpp's name. Default: what its pattern says.",
            discussion: "For checkpoints whose pattern is not known: \(Self.names).", valueName: "name"))
    var preTokenizer: String?

    private static let names = Tokenizer.preTokenizerNames.joined(separator: ", ")

    func validate() throws {
        guard let preTokenizer, !Tokenizer.hasPreTokenizer(named: preTokenizer) else { return }
        throw ValidationError("--pre-tokenizer \(preTokenizer) is not known; known are \(Self.names)")
    }
}
