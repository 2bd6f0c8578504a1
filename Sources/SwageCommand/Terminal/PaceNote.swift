import Pipelines
import Reporting

/// The line under a text that a model has written on a terminal.
enum PaceNote {
    /// Says how fast the text came; with `--verbose` elsewhere too.
    static func write(_ pace: GenerationPace) {
        let isTerminal = StandardStream.error.isTerminal
        guard ProgressLine.verbosity == .verbose || isTerminal && ProgressLine.verbosity == .usual,
            let rate = pace.tokensPerSecond
        else { return }
        let prompt = pace.promptTokensPerSecond.map {
            "; prompt of \(pace.promptTokenCount) tokens, \(Figures.significant($0, 3)) tokens/s"
        }
        let text: DisplayText = "\(Figures.significant(rate, 3)) tokens/s\(prompt ?? "")"
        StandardStream.error.write(isTerminal ? "\u{1B}[2m\(text)\u{1B}[0m\n" : "\(text)\n")
    }
}
