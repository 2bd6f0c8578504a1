import Foundation
import Testing

/// What the options of all commands are, as the parser describes them.
enum OptionTable {
    /// What the value of an option is.
    enum Role: String, Sendable {
        case input, output, number, words
    }

    struct Option: Sendable, Hashable, CustomTestStringConvertible {
        let command: String
        /// As it is written; of a positional argument what help calls it.
        let name: String
        let role: Role

        var testDescription: String { "\(command) \(name)" }
    }

    /// Every option with a value of every command. What reads or writes files must be declared as `InputPath` or
    /// `OutputPath`, which keeps commands from writing over their inputs.
    static let all: [Option] =
        [
            ("chat", "input", "model --template --tools --documents"),
            ("chat", "words", "--precision --system --stop --pad-experts --normalize-experts --pre-tokenizer"),
            (
                "chat", "number",
                "--max-new-tokens --context --temperature --top-k --top-p --min-p --repetition-penalty --seed --threads"
            ),
            ("clean", "output", "output"),
            ("compare", "input", "original quantized --imatrix"),
            ("compare", "number", "--max-rmse --limit --threads"),
            ("compare", "words", "--pad-experts --normalize-experts --pre-tokenizer"),
            ("convert", "input", "checkpoint --chat-template --metadata"),
            ("convert", "output", "--output"),
            ("convert", "words", "--type --name --pad-experts --normalize-experts --pre-tokenizer"),
            ("convert", "number", "--split-max-size --split-max-tensors --threads"),
            ("evaluate", "input", "model --task --reference"),
            ("evaluate", "output", "--details"),
            ("evaluate", "number", "--limit --threads --memory"),
            ("evaluate", "words", "--precision --pad-experts --normalize-experts --pre-tokenizer"),
            ("finish", "input", "plan"),
            ("fit", "input", "model"),
            ("fit", "number", "--memory --ram --context --reserve"),
            ("fit", "words", "--kv --pad-experts --normalize-experts --pre-tokenizer"),
            ("generate", "input", "model --file"),
            ("generate", "words", "--precision --prompt --stop --pad-experts --normalize-experts --pre-tokenizer"),
            (
                "generate", "number",
                """
                --max-new-tokens --context --temperature --top-k --top-p --min-p --repetition-penalty --seed --threads
                --top-log-probabilities
                """
            ),
            ("hash", "input", "file --check"),
            ("hash", "number", "--threads"),
            ("imatrix", "input", "model --text --merge --show"),
            ("imatrix", "output", "--output --hessian"),
            ("imatrix", "number", "--context --chunks --from-chunk --threads --memory"),
            ("imatrix", "words", "--precision --format --pad-experts --normalize-experts --pre-tokenizer"),
            ("inspect", "input", "file"),
            ("inspect", "words", "--pad-experts --normalize-experts --pre-tokenizer"),
            ("make", "input", "checkpoint --calibrate --text"),
            ("make", "output", "--output"),
            ("make", "number", "--fit --size --context --reserve --calibration-chunks --chunks --threads --memory"),
            (
                "make", "words",
                """
                --type --kv --base-model --repository --weights-license --quantized-by --pad-experts --normalize-experts
                --pre-tokenizer
                """
            ),
            ("merge", "input", "part"),
            ("merge", "output", "--output"),
            ("perplexity", "input", "model --text --reference --base-logits --merge-scores"),
            ("perplexity", "output", "--save-base-logits --save-scores"),
            (
                "perplexity", "number",
                "--save-states-every --stride --context --chunks --from-chunk --threads --memory"
            ),
            (
                "perplexity", "words",
                "--precision --base-logits-format --pad-experts --normalize-experts --pre-tokenizer"
            ),
            ("plan", "output", "--output"),
            ("plan", "number", "--parts --cpus --part-memory"),
            ("plan", "words", "--emit --image --claim job"),
            ("quantize", "input", "model --recipe --imatrix --hessian --calibrate --sensitivity --tensor-type-file"),
            ("quantize", "output", "--output"),
            (
                "quantize", "number",
                """
                --calibration-context --calibration-chunks --fit --fit-ram --context --reserve --size --bpw --held-out
                --split-max-size --split-max-tensors --threads --memory
                """
            ),
            (
                "quantize", "words",
                """
                --type --kv --tensor-type --output-type --embedding-type --pad-experts --normalize-experts
                --pre-tokenizer
                """
            ),
            ("report", "input", "--model --text --task"),
            ("report", "output", "--output"),
            ("report", "number", "--limit --context --chunks --from-chunk --threads --memory"),
            (
                "report", "words",
                """
                --precision --group --reference --base-model --repository --weights-license --quantized-by --pad-experts
                --normalize-experts --pre-tokenizer
                """
            ),
            ("run", "input", "plan"),
            ("run", "number", "--part"),
            ("sensitivity", "input", "model --text"),
            ("sensitivity", "output", "--output"),
            ("sensitivity", "number", "--held-out --context --chunks --from-chunk --threads --memory"),
            ("sensitivity", "words", "--pad-experts --normalize-experts --pre-tokenizer"),
            ("split", "input", "file"),
            ("split", "output", "--output"),
            ("split", "number", "--split-max-size --split-max-tensors"),
            ("status", "input", "plan"),
            ("tokenize", "input", "model --file"),
            ("tokenize", "words", "--text --decode --pre-tokenizer"),
            ("types", "input", "model"),
            ("types", "words", "--pad-experts --normalize-experts --pre-tokenizer"),
            ("upcycle", "input", "checkpoint --check"),
            ("upcycle", "output", "--output"),
            (
                "upcycle", "number",
                """
                --experts --top-k --granularity --shared --router-scale --seed --noise --drop --shard-size --context --chunks
                --from-chunk --threads --memory
                """
            ),
            ("upcycle", "words", "--form"),
            ("verify", "input", "file --against"),
            ("verify", "number", "--limit --threads"),
            ("verify", "words", "--pad-experts --normalize-experts --pre-tokenizer"),
        ].flatMap { command, role, names in
            names.split(whereSeparator: \.isWhitespace).map {
                Option(command: command, name: String($0), role: Role(rawValue: role)!)
            }
        }

    static func options(_ role: Role) -> [Option] { all.filter { $0.role == role } }

    // MARK: What the program says

    private struct Dump: Decodable {
        let command: Command
    }

    private struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String
            }

            let kind: String
            let names: [Name]?
            let valueName: String?
        }

        let commandName: String
        let subcommands: [Command]?
        let arguments: [Argument]?
    }

    /// The options with values that the program has, by command.
    static func known() async throws -> [String: [String]] {
        let outcome = try await Swage.run("--experimental-dump-help")
        let dump = try JSONDecoder().decode(Dump.self, from: Data(outcome.output.utf8))
        var known: [String: [String]] = [:]
        for command in dump.command.subcommands ?? [] where command.commandName != "help" {
            known[command.commandName] = (command.arguments ?? []).filter { $0.kind != "flag" }.map { argument in
                argument.names?.first { $0.kind == "long" }.map { "--" + $0.name } ?? argument.valueName ?? ""
            }
        }
        return known
    }
}

@Suite struct OptionTableTests {
    /// A new option is not forgotten: it has to be in the table, and what the table has is tested.
    @Test func theTableHasAllOptions() async throws {
        let known = try await OptionTable.known()
        #expect(known.count > 10)
        for (command, names) in known {
            #expect(Set(names) == Set(OptionTable.all.filter { $0.command == command }.map(\.name)), "\(command)")
        }
    }
}
