import ArgumentParser
import Checkpoints
import Evaluation
import Models
import Parallelism
import Pipelines
import Runtime
import Tokenization

/// Options of every command that computes.
struct ComputeOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Threads to use; the result does not depend on it. Default: all processors.")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be from 1 to 1024") }
    }

    var parallel: Parallel { Parallel(threadCount: threads) }
}

/// Options of every command that reads a checkpoint.
struct CheckpointOptions: ParsableArguments {
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

    /// Refuses options about how a model is read where a command is given none.
    func demand(_ model: String?, _ splitting: PreTokenizerOptions) throws {
        let isAny = padExperts != .auto || normalizeExperts != .auto || splitting.preTokenizer != nil
        guard model == nil, isAny else { return }
        throw ValidationError("--pad-experts, --normalize-experts and --pre-tokenizer belong to a model")
    }

    /// Opens a model, and says on standard error what a user should know of how it is read.
    func model(at path: String, preTokenizer: String?, readsWeights: Bool = true) throws -> Model {
        let model = try Model.open(
            path, expertPadding: padExperts, expertNormalization: normalizeExperts, preTokenizer: preTokenizer,
            readsWeights: readsWeights)
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

/// Options of every command that runs text through a model in windows.
struct WindowOptions: ParsableArguments {
    @Option(help: "Tokens per window.")
    var context = 512

    @Option(help: "The most windows taken from each text. Default: all.")
    var chunks: Int?

    @Option(help: "The first window taken from each text, counted from 0.")
    var fromChunk = 0

    @Flag(help: "Read the text of special tokens as special tokens.")
    var parseSpecial = false

    func validate() throws {
        if let chunks, chunks < 1 { throw ValidationError("--chunks must be at least 1") }
        guard fromChunk >= 0 else { throw ValidationError("--from-chunk must not be negative") }
    }

    var cut: WindowCut {
        WindowCut(context: context, firstWindow: fromChunk, windowLimit: chunks, parsesSpecial: parseSpecial)
    }
}

/// Options of every command that runs a model over many tokens.
struct RunOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The memory to work in, such as 8G; the model may be larger. Default: three quarters of what is free.",
            valueName: "size"))
    var memory: ByteSize?

    @Flag(help: "Tell on standard error what the time went into.")
    var verbose = false

    var budget: MemoryBudget { memory.map { MemoryBudget(byteCount: $0.byteCount) } ?? .available }

    var progress: ProgressHandler { verbose ? ProgressLine.verboseHandler : ProgressLine.handler }
}
