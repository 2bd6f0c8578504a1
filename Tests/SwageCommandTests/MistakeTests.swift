import Foundation
import TestSupport
import Testing

/// What people type who know other tools, are in a hurry, or hold the wrong file: every answer names the cure.
@Suite struct MistakeTests {
    /// A command line, with `{gguf}`, `{quantized}`, `{checkpoint}`, `{text}`, `{folder}` and `{out}` in place of paths.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let typed: String
        let status: Int32
        /// All of them appear on standard error.
        let answer: [String]

        var testDescription: String { typed }

        init(_ typed: String, _ answer: String..., status: Int32 = 2) {
            (self.typed, self.answer, self.status) = (typed, answer, status)
        }
    }

    private static let commands = [
        Mistake("quantise {gguf}", "Unknown command 'quantise'", "did you mean swage quantize?"),
        Mistake("perplexty {gguf}", "did you mean swage perplexity?"),
        Mistake("llama-quantize {gguf} {out} Q4_K_M", "swage quantize does that"),
        Mistake("llama-perplexity -m {gguf}", "swage perplexity does that"),
        Mistake("llama-imatrix -m {gguf}", "swage imatrix does that"),
        Mistake("run {gguf}", "swage chat does that"),
        Mistake("info {gguf}", "swage inspect does that"),
        Mistake("bakery {gguf}", "Unknown command 'bakery'", "swage --help lists the commands"),
    ]

    private static let options = [
        Mistake("quantize --foo", "Unknown option '--foo' of swage quantize"),
        Mistake("quantize {gguf} --typ Q4_K_M", "Unknown option '--typ'", "did you mean --type?"),
        Mistake("quantize {gguf} --Type Q4_K_M", "did you mean --type?"),
        Mistake("quantize {gguf} --imatirx a", "did you mean --imatrix?"),
        Mistake("quantize {gguf} --outtype Q4_K_M", "here it is --type"),
        Mistake("quantize {gguf} --output-tensor-type Q6_K", "here it is --output-type"),
        Mistake("quantize {gguf} --token-embedding-type Q6_K", "here it is --embedding-type"),
        Mistake("quantize {gguf} --leave-output-tensor", "here it is --leave-output"),
        Mistake("convert {checkpoint} --outfile {out}", "here it is --output"),
        Mistake("convert {checkpoint} --outtype f16", "here it is --type"),
        Mistake("convert {checkpoint} --calibrate {text}", "it is an option of swage make, quantize"),
        Mistake("convert {checkpoint} -o {out} --force", "here it is --overwrite"),
        Mistake("perplexity {gguf} -f {text}", "here it is --text FILE"),
        Mistake("perplexity -m {gguf} --text {text}", "the model is written without an option"),
        Mistake("perplexity {gguf} --text {text} -c 512", "here it is --context"),
        Mistake("perplexity {gguf} --text {text} --ctx-size 512", "here it is --context"),
        Mistake("perplexity {gguf} --text {text} -b 512", "leave it out"),
        Mistake("perplexity {gguf} --text {text} -ngl 99", "Swage computes on the processor"),
        Mistake("perplexity {gguf} --text {text} --kl-divergence", "--base-logits"),
        Mistake("perplexity {gguf} --text {text} --ppl-stride 64", "here it is --stride"),
        Mistake("perplexity {gguf} --hellaswag {text}", "elsewhere it is --task FILE"),
        Mistake("imatrix {gguf} -f {text} -o {out}", "here it is --text FILE"),
        Mistake("imatrix --in-file {text}", "here it is --merge FILE"),
        Mistake("generate {gguf} -p Hello", "here it is --prompt"),
        Mistake("generate {gguf} --prompt Hello --temp 0.7", "here it is --temperature"),
        Mistake("generate {gguf} --prompt Hello -n 5", "here it is --max-new-tokens"),
        Mistake("generate {gguf} --prompt Hello --repeat-penalty 1.1", "here it is --repetition-penalty"),
        Mistake("generate {gguf} --prompt Hello --top_k 5", "did you mean --top-k?"),
        Mistake("chat {gguf} --system-prompt Hello", "here it is --system"),
        Mistake("chat {gguf} --chat-template-file {text}", "here it is --template FILE"),
        Mistake("fit {gguf} --gpu 24GiB", "Unknown option '--gpu' of swage fit"),
    ]

    private static let values = [
        Mistake("quantize {gguf} {out} Q4_K_M", "swage quantize {gguf} -o {out} --type Q4_K_M"),
        Mistake("quantize {gguf} Q4_K_M", "-o OUT.gguf --type Q4_K_M"),
        Mistake("convert {checkpoint} {out}", "swage convert {checkpoint} -o {out}"),
        Mistake("quantize {gguf} -o {out} --type IQ2XXS", "did you mean IQ2_XXS?"),
        Mistake("quantize {gguf} -o {out} --type Q4KM", "did you mean Q4_K_M?", "known types: "),
        Mistake("quantize {gguf} -o {out} --type Q8_0 --tensor-type attn_v=Q6K", "did you mean Q6_K?"),
        Mistake("quantize {checkpoint} -o {out} --type IQ1_S", "IQ1_S needs an importance matrix", "swage imatrix"),
        Mistake("fit {gguf} --memory 24", "'24' is no size", "24GiB"),
        Mistake("fit {gguf} --memory 24GX", "'24GX' is no size", "write a number and its unit"),
        Mistake("quantize {gguf} -o {out} --size 6 --calibrate {text}", "'6' is no size", "6GiB"),
        Mistake("perplexity {gguf} --text {text} --chunks 0", "--chunks must be at least 1"),
        Mistake("quantize {gguf} -o {out}", "--type"),
        Mistake("perplexity {gguf}", "--text"),
    ]

    private static let files = [
        Mistake("perplexity {gguf} --text {gguf}", "a GGUF file, and a text is expected", "give the text", status: 3),
        Mistake("perplexity {gguf} --text {folder}/a.gz", "a gzip file", "gunzip", status: 3),
        Mistake("perplexity {gguf} --text {folder}/a.zip", "a zip archive", status: 3),
        Mistake("perplexity {gguf} --text {folder}/none.txt", "none.txt: cannot open", "check the path", status: 3),
        Mistake("inspect xverse/XVERSE-MoE-A4.2B", "hf download xverse/XVERSE-MoE-A4.2B", status: 3),
        Mistake(
            "convert https://huggingface.co/xverse/XVERSE-MoE-A4.2B -o {out}", "hf download xverse/XVERSE-MoE-A4.2B",
            status: 3),
        Mistake("inspect ~/models/x.gguf", "the shell has not replaced the ~", status: 3),
        Mistake(
            "inspect {checkpoint}/model-00001-of-00003.safetensors", "give the folder that this file is in", status: 3),
        Mistake(
            "convert {checkpoint}/model-00001-of-00003.safetensors -o {out}", "give the folder that this file is in",
            status: 3),
        Mistake(
            "convert {folder} -o {out}", "the folder holds the GGUF file only.gguf: give the path of that file",
            status: 3),
        Mistake("perplexity {text} --text {text}", "not a GGUF file", status: 3),
        Mistake("quantize {gguf} -o {gguf} --type Q8_0", "the output is also an input"),
        Mistake("quantize {gguf} -o {folder}/only.gguf --type Q8_0", "it is there already", "--overwrite"),
        Mistake("convert {checkpoint} -o {folder}/none/a.gguf", "create the directory first"),
        Mistake("convert {checkpoint} -o {folder}", "give the path of a file, not of a directory"),
        Mistake("chat {checkpoint} --template chatmll", "chatml"),
        Mistake("quantize {quantized} -o {out} --type Q8_0", "--allow-requantize"),
    ]

    @Test(arguments: commands + options + values + files) func isAnswered(mistake: Mistake) async throws {
        let workspace = try Workspace()
        try FileManager.default.createDirectory(
            atPath: workspace.file("folder"), withIntermediateDirectories: false)
        _ = try workspace.write("folder/only.gguf", Data(path: try await Products.tinyModel.value))
        _ = try workspace.write("folder/a.gz", Data([0x1F, 0x8B, 8, 0, 0xFF, 0xFE]))
        _ = try workspace.write("folder/a.zip", Data([0x50, 0x4B, 3, 4, 0xFF, 0xFE]))
        let places = [
            "{gguf}": try await Products.tinyModel.value, "{quantized}": try await Products.quantized.value,
            "{checkpoint}": Products.checkpoint, "{text}": Products.tinyText, "{folder}": workspace.file("folder"),
            "{out}": workspace.file("out.gguf"),
        ]
        func filled(_ text: String) -> String { places.reduce(text) { $0.replacing($1.key, with: $1.value) } }
        let outcome = try await Swage.run(mistake.typed.split(separator: " ").map { filled(String($0)) })
        #expect(outcome.status == mistake.status, "\(outcome.error)")
        for words in mistake.answer { #expect(outcome.error.contains(filled(words)), "\(outcome.error)") }
        #expect(!workspace.contents.contains("out.gguf"))
    }

    /// Sizes as people write them.
    @Test(arguments: ["24GiB", "24gib", "24gb", "24 GB", "24G", "24g", "24Gi", "25769803776", "0.5TB", "24000 mb"])
    func sizesInAnyForm(size: String) async throws {
        let outcome = try await Swage.run("fit", Products.checkpoint, "--memory", size)
        #expect(outcome.status == 0, "\(outcome.error)")
    }

    @Test func outputsAreReplacedOnlyWhenTold() async throws {
        let workspace = try Workspace()
        let output = try workspace.write("out.gguf", Data("mine".utf8))
        let arguments = ["convert", Products.checkpoint, "-o", output]
        let refused = try await Swage.run(arguments)
        #expect(refused.status == 2 && refused.error.contains("it is there already"), "\(refused.error)")
        #expect(try Data(path: output) == Data("mine".utf8))
        #expect(try await Swage.run(arguments + ["--dry-run"]).status == 0)
        #expect(try Data(path: output) == Data("mine".utf8))
        #expect(try await Swage.run(arguments + ["--overwrite"]).status == 0)
        #expect(try Data(path: output) == Data(path: try await Products.original.value))
    }
}
