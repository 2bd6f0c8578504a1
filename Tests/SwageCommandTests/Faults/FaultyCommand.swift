import Foundation
import Testing

/// A command whose disk fails, small enough to be run many times.
struct FaultyCommand: Sendable, CustomTestStringConvertible {
    let name: String
    /// The output's name, in the folder of outputs.
    let output: String
    /// What a run that failed may leave beside it.
    var kept: Set<String> = []
    /// What it reads, by the names of copies in the folder of inputs.
    let inputs: @Sendable () async throws -> [String: String]
    /// The arguments, where `{out}` stands for the output, and `{name}` for an input.
    let arguments: [String]

    var testDescription: String { name }

    init(
        _ name: String, output: String = "out.gguf", keeps kept: Set<String> = [],
        inputs: @escaping @Sendable () async throws -> [String: String], _ arguments: String...
    ) {
        (self.name, self.output, self.kept, self.inputs) = (name, output, kept, inputs)
        self.arguments = arguments
    }

    private static let tiny: @Sendable () async throws -> [String: String] = {
        [
            "base.gguf": try await Products.tinyBase.value, "model.gguf": try await Products.tinyModel.value,
            "text.txt": Products.tinyText,
        ]
    }

    private static let checkpoint: @Sendable () async throws -> [String: String] = { ["model": Products.checkpoint] }

    static let all = [
        FaultyCommand("convert", keeps: ["out.gguf.work"], inputs: checkpoint, "convert", "{model}", "-o", "{out}"),
        FaultyCommand(
            "quantize", keeps: ["out.gguf.work"], inputs: tiny, "quantize", "{base.gguf}", "-o", "{out}", "--type",
            "Q8_0"),
        FaultyCommand(
            "quantize --split", output: "out-00001-of-00003.gguf",
            keeps: ["out-00001-of-00003.gguf", "out-00002-of-00003.gguf", "out-00003-of-00003.gguf", "out.gguf.work"],
            inputs: tiny, "quantize", "{base.gguf}", "-o", "{folder}/out.gguf", "--type", "Q8_0",
            "--split-max-tensors", "10"),
        FaultyCommand(
            "quantize --calibrate", keeps: ["out.gguf.calibration", "out.gguf.work"], inputs: tiny, "quantize",
            "{base.gguf}", "-o", "{out}", "--type", "Q4_0", "--calibrate", "{text.txt}", "--calibration-context",
            "32", "--calibration-chunks", "2"),
        FaultyCommand(
            "imatrix", keeps: ["out.gguf.work"], inputs: tiny, "imatrix", "{base.gguf}", "-o", "{out}", "--text",
            "{text.txt}", "--context", "32", "--chunks", "2"),
        FaultyCommand(
            "imatrix --hessian", output: "out.hessian", keeps: ["out.hessian.work"], inputs: tiny, "imatrix",
            "{base.gguf}", "--hessian", "{out}", "--text", "{text.txt}", "--context", "32", "--chunks", "2"),
        FaultyCommand(
            "sensitivity", output: "out.json", keeps: ["out.json.work"], inputs: tiny, "sensitivity", "{base.gguf}",
            "-o", "{out}", "--text", "{text.txt}", "--context", "32", "--chunks", "3", "--held-out", "1"),
        FaultyCommand(
            "report", output: "out.md", keeps: ["out.md.work"], inputs: tiny, "report", "--model", "base={base.gguf}",
            "--model", "other={model.gguf}", "--text", "text={text.txt}", "-o", "{out}", "--context", "32",
            "--chunks", "2"),
        FaultyCommand(
            "perplexity --save-scores", output: "out.jsonl", keeps: ["out.jsonl", "out.jsonl.state0"], inputs: tiny,
            "perplexity", "{base.gguf}", "--text", "{text.txt}", "--context", "32", "--chunks", "2",
            "--save-states-every", "0", "--save-scores", "{out}"),
        FaultyCommand(
            "perplexity --save-base-logits", output: "out.logits",
            keeps: ["out.logits.unfinished", "out.logits.state0"], inputs: tiny, "perplexity", "{base.gguf}", "--text",
            "{text.txt}", "--context", "32", "--chunks", "2", "--save-base-logits", "{out}"),
        FaultyCommand("merge", inputs: tiny, "merge", "{base.gguf}", "-o", "{out}"),
        FaultyCommand(
            "split", output: "out-00001-of-00003.gguf",
            keeps: [], inputs: tiny, "split", "{base.gguf}", "-o", "{folder}/out", "--split-max-tensors", "10"),
    ]

    /// Folders of inputs and outputs of the command.
    struct Place: Sendable {
        let workspace: Workspace
        let command: FaultyCommand
        let inputs: String
        let outputs: String
        let arguments: [String]

        var output: String { "\(outputs)/\(command.output)" }

        /// What is there of the output and beside it, whatever folder it is in.
        var names: [String] {
            (FileManager.default.enumerator(atPath: outputs)?.allObjects as? [String])?.sorted() ?? []
        }

        /// The files that are there, by name.
        func files() throws -> [String: Data] {
            var files: [String: Data] = [:]
            for name in names { files[name] = try? Data(path: "\(outputs)/\(name)") }
            return files
        }

        /// Removes what is there.
        func clear() throws {
            try FileManager.default.removeItem(atPath: outputs)
            try FileManager.default.createDirectory(atPath: outputs, withIntermediateDirectories: true)
        }
    }

    /// Copies the inputs, so that nothing else reads them.
    func place() async throws -> Place {
        let workspace = try Workspace()
        let root = URL(filePath: workspace.path).resolvingSymlinksInPath().path
        let (inputs, outputs) = ("\(root)/in", "\(root)/out")
        for folder in [inputs, outputs] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        var paths = ["{out}": "\(outputs)/\(output)", "{folder}": outputs]
        for (name, original) in try await self.inputs() {
            paths["{\(name)}"] = "\(inputs)/\(name)"
            try FileManager.default.copyItem(atPath: original, toPath: "\(inputs)/\(name)")
        }
        return Place(
            workspace: workspace, command: self, inputs: inputs, outputs: outputs,
            arguments: arguments.map { argument in paths.reduce(argument) { $0.replacing($1.key, with: $1.value) } })
    }
}
