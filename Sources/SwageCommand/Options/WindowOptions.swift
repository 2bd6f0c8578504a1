import ArgumentParser
import Evaluation

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
