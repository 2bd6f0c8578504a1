import ArgumentParser
import Pipelines
import Runtime

/// Options of every command that generates text.
struct SamplingArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "0 always takes the most probable token; 1 takes each as often as the model finds it probable.",
            discussion: "Default: 0 to continue a prompt, 0.7 to chat."))
    var temperature: Double?

    @Option(help: "Choose among the so many most probable tokens; 0 for all.")
    var topK = 0

    @Option(help: "Choose among the fewest tokens whose probabilities add up to this; 1 for all.")
    var topP = 1.0

    @Option(help: "Choose among tokens at least this times as probable as the most probable one.")
    var minP = 0.0

    @Option(help: "Above 1 makes tokens that have occurred, in the prompt too, less probable.")
    var repetitionPenalty = 1.0

    @Option(help: "Where the random numbers begin; the same seed gives the same text. Default: another one each time.")
    var seed: UInt64?

    @Option(help: "End the text before this string. May be repeated.")
    var stop: [String] = []

    @Flag(name: .customLong("ignore-eos"), help: "Never take a token that ends the text.")
    var ignoreEOS = false

    func validate() throws {
        if let temperature, !(0...1000).contains(temperature) {
            throw ValidationError("--temperature must be from 0 to 1000")
        }
        guard topK >= 0 else { throw ValidationError("--top-k must not be negative") }
        guard topP > 0, topP <= 1 else { throw ValidationError("--top-p must be above 0 and at most 1") }
        guard (0...1).contains(minP) else { throw ValidationError("--min-p must be from 0 to 1") }
        guard repetitionPenalty > 0, repetitionPenalty <= 1000 else {
            throw ValidationError("--repetition-penalty must be above 0 and at most 1000")
        }
        guard stop.allSatisfy({ !$0.isEmpty }) else { throw ValidationError("--stop must not be empty") }
    }

    /// - Parameter usualTemperature: where none is given.
    func options(usualTemperature: Double) -> GenerationOptions {
        var options = GenerationOptions()
        options.sampling.temperature = temperature ?? usualTemperature
        options.sampling.topK = topK
        options.sampling.topP = topP
        options.sampling.minP = minP
        options.sampling.repetitionPenalty = repetitionPenalty
        options.sampling.seed = seed ?? .random(in: 0 ... .max)
        options.stops = stop
        options.ignoresEnd = ignoreEOS
        if options.sampling.temperature == 0, topK != 0 || topP != 1 || minP != 0 {
            ProgressLine.handler(
                .warning("at --temperature 0, --top-k, --top-p and --min-p change nothing"))
        }
        return options
    }
}
