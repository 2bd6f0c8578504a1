import Files
import Recipes
import Reporting

/// What a user has typed that the parser refuses, and what they are likely to have meant.
struct UsageAdvice {
    private let known = KnownOptions()
    private let command: String
    private let arguments: [String]

    /// - Parameter arguments: What was typed behind the program's name.
    init(_ arguments: [String]) {
        command = arguments.first ?? ""
        self.arguments = Array(arguments.dropFirst().prefix { $0 != "--" })
    }

    /// What is wrong, before anything that the parser may miss, and what to write instead; nil if the parser's own words
    /// are all there is to say.
    var text: DisplayText? {
        guard let options = known.names[command] else { return unknownCommand }
        if let option = firstUnknown(of: options) {
            let advice =
                advice(on: option, options).map { DisplayText("\n  \($0)") }
                ?? "\n  swage \(command) --help lists its options"
            return "Unknown option '\(option)' of swage \(command)\(advice)\n"
        }
        return positionalAdvice.map { DisplayText("\($0)\n") }
    }

    /// What a refused value should have been, to be said behind the parser's words.
    var valueAdvice: DisplayText? {
        for (option, value) in zip(arguments, arguments.dropFirst())
        where Self.sizeOptions.contains(option) && ByteSize(argument: value) == nil {
            let example = Int(value).map { "\($0)GiB" } ?? "24GiB or 500MB"
            return "  '\(value)' is no size: write a number and its unit, such as \(example)\n"
        }
        return nil
    }

    private static let sizeOptions: Set = [
        "--memory", "--ram", "--reserve", "--fit", "--fit-gpu", "--fit-ram", "--size", "--max-size", "--split-max-size",
        "--shard-size",
    ]

    // MARK: Commands

    private var unknownCommand: DisplayText? {
        guard !command.isEmpty, !command.hasPrefix("-") else { return nil }
        if let habit = Self.commandHabits[command] {
            return "Unknown command '\(command)'\n  swage \(habit) does that\n"
        }
        let near = known.names.keys.sorted().nearest(to: command).map { DisplayText("\n  did you mean swage \($0)?") }
        return "Unknown command '\(command)'\(near ?? "\n  swage --help lists the commands")\n"
    }

    /// What other tools of the field call our commands.
    private static let commandHabits = [
        "llama-quantize": "quantize", "llama-imatrix": "imatrix", "llama-perplexity": "perplexity",
        "llama-cli": "generate", "llama-gguf-split": "split", "llama-tokenize": "tokenize",
        "complete": "generate", "ppl": "perplexity", "eval": "evaluate", "bench": "perplexity", "info": "inspect",
        "show": "inspect", "dump": "inspect", "export": "convert", "diff": "compare", "kld": "perplexity",
    ]

    // MARK: Options

    private func firstUnknown(of options: Set<String>) -> String? {
        arguments.lazy.compactMap { argument -> String? in
            guard argument.hasPrefix("-"), argument.count > 1, Double(argument) == nil else { return nil }
            let name = argument.split(separator: "=").first.map(String.init) ?? argument
            return options.contains(name) ? nil : name
        }.first
    }

    private func advice(on option: String, _ options: Set<String>) -> String? {
        if let habit = Self.optionHabits[option] {
            guard let ours = habit.split(separator: " ").first(where: { $0.hasPrefix("-") }) else { return habit }
            if options.contains(String(ours)) { return "here it is \(habit)" }
        }
        if let near = options.sorted().nearest(to: option) { return "did you mean \(near)?" }
        let owners = known.names.filter { $0.value.contains(option) }.keys.sorted()
        guard owners.isEmpty else { return "it is an option of swage \(owners.joined(separator: ", "))" }
        return Self.optionHabits[option].map { "elsewhere it is \($0)" }
    }

    /// What other tools of the field call our options; words without an option stand for themselves.
    private static let optionHabits = [
        "-f": "--text FILE", "--file": "--text FILE",
        "-m": "the first argument: the model is written without an option",
        "--model": "the first argument: the model is written without an option",
        "-n": "--max-new-tokens", "--n-predict": "--max-new-tokens", "--max-tokens": "--max-new-tokens",
        "-c": "--context", "--ctx-size": "--context", "-p": "--prompt", "-s": "--seed", "--temp": "--temperature",
        "--repeat-penalty": "--repetition-penalty", "--ppl-stride": "--stride", "-sys": "--system",
        "--system-prompt": "--system", "--chat-template-file": "--template FILE",
        "--kl-divergence": "--reference MODEL or --base-logits FILE",
        "--kl-divergence-base": "--base-logits FILE, or --save-base-logits FILE to write it",
        "--multiple-choice": "--task FILE", "--hellaswag": "--task FILE", "--winogrande": "--task FILE",
        "--outfile": "--output FILE", "--outtype": "--type", "--out-file": "--output FILE", "--in-file": "--merge FILE",
        "--ftype": "--type", "--dtype": "--type", "--output-tensor-type": "--output-type",
        "--token-embedding-type": "--embedding-type", "--leave-output-tensor": "--leave-output",
        "--threads-batch": "--threads", "--nthreads": "--threads", "--model-name": "--name", "--force": "--overwrite",
        "--vocab": "--vocab-only", "--stdin": "--file -", "--ids": "leave it out: ids are what is printed",
        "--no-bos": "leave it out: nothing is added without --bos", "--show-count": "--json, whose ids can be counted",
        "--no-parse-special": "leave it out: special tokens are text unless --parse-special is given",
        "--batch-size": Self.needsNone,
        "-b": Self.needsNone, "-ub": Self.needsNone, "--ubatch-size": Self.needsNone,
        "-ngl": Self.isOnProcessor, "--n-gpu-layers": Self.isOnProcessor, "--gpu-layers": Self.isOnProcessor,
        "-ot": Self.isOnProcessor, "--override-tensor": Self.isOnProcessor, "--device": Self.isOnProcessor,
        "-fa": Self.needsNone, "--flash-attn": Self.needsNone, "--no-mmap": Self.needsNone, "--mlock": Self.needsNone,
    ]
    private static let needsNone = "leave it out: how work is cut changes no result here"
    private static let isOnProcessor =
        "leave it out: Swage computes on the processor; swage fit says what llama.cpp needs"

    // MARK: Positional arguments

    /// `quantize IN OUT TYPE` and `convert IN OUT`, as llama.cpp's tools have them.
    private var positionalAdvice: String? {
        let words = positional
        let isWriting = known.names[command]?.contains("--output") == true
        guard isWriting, words.count >= 2 else { return nil }
        if command == "quantize", let type = words.dropFirst().last, isType(type) {
            let output = words.count > 2 ? words[1] : "OUT.gguf"
            return "The output and the type are options here\n  swage quantize \(words[0]) -o \(output) --type \(type)"
        }
        guard words.count == 2, words[1].hasSuffix(".gguf"), !arguments.contains("-o"), !arguments.contains("--output")
        else { return nil }
        return "The output is an option here\n  swage \(command) \(words[0]) -o \(words[1])"
    }

    /// The arguments that are neither options nor their values.
    private var positional: [String] {
        var words: [String] = []
        var isValue = false
        for argument in arguments {
            if argument.hasPrefix("-") {
                isValue = known.valued[command]?.contains(argument) == true
            } else if isValue {
                isValue = false
            } else {
                words.append(argument)
            }
        }
        return words
    }

    private func isType(_ word: String) -> Bool {
        Recipe.names.contains { $0.lowercased() == word.lowercased() }
    }
}
