/// One line of the table.
struct Step {
    let name: String
    let command: Command
    /// The same work by llama.cpp's tool.
    let peer: Command?
}

/// The measured commands. Each needs the files of those before it.
struct Steps {
    let swage: String
    let fixtures: String
    let directory: String
    /// The folder of llama.cpp's tools.
    let llama: String?
    let threads: Int

    var checkpoint: String { "\(directory)/checkpoint" }

    /// Windows of 512 tokens for the importance matrix and for perplexity.
    private static let windowCount = 4

    func all(types: [String]) -> [Step] {
        let original = "\(directory)/original.gguf"
        let importance = "\(directory)/importance.gguf"
        let calibration = "\(fixtures)/text/calib/web-en.txt"
        let evaluation = "\(fixtures)/text/eval/web-en.txt"
        let windows = ["--chunks", String(Self.windowCount)]
        let copy = "\(directory)/copy"
        var steps = [
            Step(
                name: "copy and sync of the checkpoint's bytes",
                command: Command([
                    "/bin/sh", "-c", "cat '\(checkpoint)'/*.safetensors >'\(copy)' && sync '\(copy)' && rm '\(copy)'",
                ]), peer: nil),
            Step(name: "convert", command: ours("convert", [checkpoint, "-o", original]), peer: nil),
            Step(
                name: "imatrix, \(Self.windowCount) windows",
                command: ours("imatrix", [original, "--text", calibration, "-o", importance] + windows),
                peer: theirs(
                    "llama-imatrix",
                    ["-m", original, "-f", calibration, "-o", "\(directory)/peer-importance.gguf"] + windows)),
        ]
        for type in types {
            let options = ["--type", type, "--imatrix", importance]
            steps += [
                Step(
                    name: "quantize checkpoint → \(type)",
                    command: ours("quantize", [checkpoint, "-o", "\(directory)/direct.gguf"] + options), peer: nil),
                Step(
                    name: "quantize GGUF → \(type)",
                    command: ours("quantize", [original, "-o", "\(directory)/\(type).gguf"] + options),
                    peer: llama.map {
                        Command([
                            "\($0)/llama-quantize", "--imatrix", importance, original, "\(directory)/peer-\(type).gguf",
                            type, String(threads),
                        ])
                    }),
            ]
        }
        for (name, file) in [("BF16", original)] + types.map({ ($0, "\(directory)/\($0).gguf") }) {
            steps.append(
                Step(
                    name: "perplexity of \(name), \(Self.windowCount) windows",
                    command: ours("perplexity", [file, "--text", evaluation] + windows),
                    peer: theirs("llama-perplexity", ["-m", file, "-f", evaluation, "-c", "512"] + windows)))
        }
        return steps
    }

    private func ours(_ command: String, _ arguments: [String]) -> Command {
        Command([swage, command] + arguments + ["--threads", String(threads)])
    }

    private func theirs(_ tool: String, _ arguments: [String]) -> Command? {
        llama.map { Command(["\($0)/\(tool)"] + arguments + ["-t", String(threads)]) }
    }
}
