import Foundation
import TestSupport
import Testing

/// Options that take a name or a file: what is neither is answered with the names that there are, and dry runs read what the
/// run would read.
@Suite struct NameOrFileTests {
    private static let formats = ["chatml", "llama-2", "mistral", "xverse", "xverse-moe"]

    private static func convert(_ options: String...) -> [String] {
        ["convert", Products.checkpoint, "-o", "{out}"] + options
    }

    private static func quantize(_ options: String...) -> [String] {
        ["quantize", Products.checkpoint, "-o", "{out}", "--calibration-context", "64"] + options
    }

    private static let names: [Refusal] = [
        Refusal(
            "--chat-template", status: 2,
            words: ["nonsense: there is neither a conversation format nor a file", "none"] + formats
        ) { _ in convert("--chat-template", "nonsense") },
        Refusal(
            "--chat-template of a dry run", status: 2,
            words: ["nonsense: there is neither a conversation format nor a file", "none"] + formats
        ) { _ in convert("--chat-template", "nonsense", "--dry-run") },
        Refusal(
            "--template", status: 2,
            words: ["nonsense: there is neither a conversation format nor a file", "checkpoint"] + formats
        ) { _ in ["chat", Products.checkpoint, "--template", "nonsense"] },
        Refusal("--recipe", status: 2, "nonsense: there is no recipe file", "--type: F32, ", "Q4_K_M", "SW1") { _ in
            quantize("--recipe", "nonsense")
        },
        Refusal("--recipe with a mix", status: 2, "q4_k_m: there is no recipe file", "use --type q4_k_m") { _ in
            quantize("--recipe", "q4_k_m")
        },
        Refusal("--type of quantize", status: 2, "there is no type \"nonsense\"", "known types: F32, ", "SW1") { _ in
            quantize("--type", "nonsense")
        },
        Refusal("--type of convert", status: 2, "'auto', 'f32', 'f16', 'bf16' or 'q8_0'") { _ in
            convert("--type", "nonsense")
        },
        Refusal("--output-type", status: 2, "- F32", "- Q4_K", "- IQ1_S") { _ in
            quantize("--type", "Q4_K_M", "--output-type", "nonsense")
        },
        Refusal("--format", status: 2, "'gguf' and 'dat'") { _ in
            ["imatrix", Products.checkpoint, "--text", Products.texts[0], "-o", "{out}", "--format", "nonsense"]
        },
        Refusal("--base-logits-format", status: 2, "'llama' and 'swage'") { _ in
            ["perplexity", Products.checkpoint, "--text", "a", "--base-logits-format", "nonsense"]
        },
        Refusal("--pre-tokenizer", status: 2, "nonsense is not known", "llama-bpe", "qwen2") { _ in
            convert("--pre-tokenizer", "nonsense")
        },
        // A path is no name.
        Refusal("a path", status: 3, "./nonsense: cannot open: No such file", "check the path") { _ in
            convert("--chat-template", "./nonsense")
        },
    ]

    /// Every file that an option of a dry run names, missing and not what it should be.
    private static let dryRuns: [Refusal] = [
        convert("--dry-run", "--chat-template"), convert("--dry-run", "--metadata"),
        quantize("--dry-run", "--type", "Q4_K_M", "--imatrix"), quantize("--dry-run", "--type", "Q4_K_M", "--hessian"),
        quantize("--dry-run", "--type", "Q4_K_M", "--calibrate"),
        quantize("--dry-run", "--type", "Q4_K_M", "--tensor-type-file"), quantize("--dry-run", "--recipe"),
        quantize("--dry-run", "--size", "100M", "--calibrate", Products.texts[0], "--sensitivity"),
    ].flatMap { command in
        [
            Refusal("\(command[0]) \(command.last ?? ""): none", status: 3, "/none: cannot open: No such file") {
                command + [$0.file("none")]
            },
            Refusal("\(command[0]) \(command.last ?? ""): another", status: 3, "/another: ") {
                command + [try $0.write("another", Array("{{ 1 }".utf8))]
            },
        ]
    }

    @Test(arguments: names) func unknownNames(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: dryRuns) func dryRunsReadWhatTheRunReads(refusal: Refusal) async throws {
        try await refusal.check()
    }

    /// What cannot be done is said by the dry run too.
    @Test func aDryRunOfConvertingWhatIsQuantized() async throws {
        try await Refusal("q8_0", status: 2, "as Q4_K", "--allow-requantize") { _ in
            ["convert", try await Products.quantized.value, "-o", "{out}", "--type", "q8_0", "--dry-run"]
        }.check()
    }
}
