import Foundation
import TestSupport
import Testing

/// No command writes over what it reads, whatever names and links lead to it.
@Suite struct OutputSafetyTests {
    /// A run with `{file}` as an input and as an output; `{model}` and `{text}` are other inputs.
    struct Run: Sendable, CustomTestStringConvertible {
        let arguments: [String]

        init(_ line: String) { arguments = line.split(separator: " ").map(String.init) }

        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let runs: [Run] = [
        "convert {file} --output {file}", "convert {model} --output {file} --metadata {file}",
        "convert {model} --output {file} --chat-template {file}",
        "evaluate {file} --task {text} --details {file}", "evaluate {model} --task {text} {file} --details {file}",
        "evaluate {model} --task {text} --reference {file} --details {file}",
        "imatrix {file} --text {text} --output {file}", "imatrix {model} --text {text} {file} --output {file}",
        "imatrix {file} --text {text} --hessian {file}", "imatrix {model} --text {file} --hessian {file}",
        "imatrix --merge {text} {file} --output {file}", "imatrix --show {file} --output {file}",
        "make {file} --type Q4_0 --output {file}", "make {model} --type Q4_0 --calibrate {text} {file} --output {file}",
        "make {model} --type Q4_0 --text t={file} --output {file}",
        "merge {file} --output {file}",
        "perplexity {file} --text {text} --save-scores {file}",
        "perplexity {file} --text {text} --save-base-logits {file}",
        "perplexity {model} --text {file} --save-scores {file}",
        "perplexity {model} --text {file} --save-base-logits {file}",
        "perplexity {model} --text {text} --reference {file} --save-scores {file}",
        "perplexity {model} --base-logits {file} --save-scores {file}",
        "perplexity --merge-scores {file} --save-scores {file}",
        "perplexity --merge-scores {file} --save-base-logits {file}",
        "quantize {file} --type Q4_0 --output {file}", "quantize {model} --recipe {file} --output {file}",
        "quantize {model} --type Q4_0 --imatrix {file} --output {file}",
        "quantize {model} --type Q4_0 --hessian {file} --output {file}",
        "quantize {model} --type Q4_0 --calibrate {text} {file} --output {file}",
        "quantize {model} --bpw 4 --calibrate {text} --sensitivity {file} --output {file}",
        "quantize {model} --type Q4_0 --tensor-type-file {file} --output {file}",
        "report --model a={model} --model b={file} --text t={text} --output {file}",
        "report --model m={model} --text t={file} --output {file}",
        "report --model m={model} --text t={text} --task {file} --output {file}",
        "sensitivity {file} --text {text} --output {file}", "sensitivity {model} --text {file} --output {file}",
        "split {file} --output {file} --max-tensors 1",
        "upcycle {file} --experts 4 --top-k 2 --output {file}",
        "upcycle {model} --experts 4 --top-k 2 --output {file} --check {text} {file}",
    ].map { Run($0) }

    /// How the output's name leads to the input.
    enum Way: String, CaseIterable, Sendable {
        case name, detour, symbolicLink, hardLink, partial, unfinished, state
    }

    @Test(arguments: runs, Way.allCases)
    func outputsThatAreInputs(run: Run, way: Way) async throws {
        let workspace = try Workspace()
        let content = Data("what must not be lost".utf8)
        var (input, output) = (workspace.file("file.md"), workspace.file("file.md"))
        switch way {
        case .name: break
        case .detour: output = workspace.file("./../\(URL(filePath: workspace.path).lastPathComponent)/file.md")
        case .symbolicLink:
            output = workspace.file("link.md")
            try FileManager.default.createSymbolicLink(atPath: output, withDestinationPath: "file.md")
        case .hardLink: output = workspace.file("link.md")
        case .partial: input = workspace.file(".file.md.partial")
        case .unfinished: input = workspace.file("file.md.unfinished")
        case .state: input = workspace.file("file.md.state0")
        }
        try content.write(to: URL(filePath: input))
        if way == .hardLink { try FileManager.default.linkItem(atPath: input, toPath: output) }
        let before = workspace.contents
        let outputs = Set(OptionTable.options(.output).filter { $0.command == run.arguments[0] }.map(\.name))
        let arguments = run.arguments.enumerated().map { place, argument in
            let isOutput = outputs.contains(run.arguments[max(0, place - 1)])
            return argument.replacing("{file}", with: isOutput ? output : input)
                .replacing("{model}", with: Products.checkpoint).replacing("{text}", with: Products.tinyText)
        }
        let outcome = try await Swage.run(arguments)
        #expect(outcome.status == 2, "\(outcome.error)")
        #expect(outcome.error.contains("\(output): the output is also an input"), "\(outcome.error)")
        #expect(workspace.contents == before)
        #expect(try Data(path: input) == content)
    }

    /// Outputs and inputs that commands refuse together.
    private static let exclusive: Set<String> = [
        "imatrix --hessian --merge", "imatrix --hessian --show", "perplexity --save-base-logits --reference",
        "perplexity --save-base-logits --base-logits",
    ]

    /// The runs above are of all outputs and inputs of all commands.
    @Test func everyOutputIsTriedWithEveryInput() {
        for output in OptionTable.options(.output) {
            for input in OptionTable.options(.input)
            where input.command == output.command
                && !Self.exclusive.contains("\(output.command) \(output.name) \(input.name)")
            {
                #expect(
                    Self.runs.contains { run in
                        let place = run.arguments.firstIndex { $0.hasSuffix("{file}") }
                        return run.arguments[0] == output.command && run.arguments.contains(output.name)
                            && (input.name.hasPrefix("--")
                                ? run.arguments.contains(input.name) : place.map { $0 <= 2 } ?? false)
                    }, "\(output.command): \(output.name) over \(input.name)")
            }
        }
    }

    @Test func aCheckpointsFilesAreInputs() async throws {
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint("model")
        for name in ["config.json", "tokenizer.json", "model.safetensors.index.json", CheckpointCopy.shard(2)] {
            try checkpoint.replace(name, with: try Data(path: "\(CheckpointCopy.original)/\(name)"))
            let path = "\(checkpoint.path)/\(name)"
            let outcome = try await Swage.run(
                "sensitivity", checkpoint.path, "--text", Products.tinyText, "-o", path)
            #expect(outcome.status == 2 && outcome.error.contains("the output is also an input"), "\(outcome.error)")
            #expect(try Data(path: path) == Data(path: "\(CheckpointCopy.original)/\(name)"))
        }
    }

    @Test func allPartsOfASplitModelAreInputs() async throws {
        let workspace = try Workspace()
        let parts = try await Swage.run(
            "split", try await Products.tinyBase.value, "-o", workspace.file("m"), "--max-tensors", "10")
        try #require(parts.status == 0, "\(parts.error)")
        let names = workspace.contents
        let outcome = try await Swage.run(
            "perplexity", workspace.file(names[0]), "--text", Products.tinyText, "--save-scores",
            workspace.file(names[1]))
        #expect(outcome.status == 2 && outcome.error.contains("the output is also an input"), "\(outcome.error)")
        #expect(workspace.contents == names)
    }

    @Test func twoOutputsOfOneName() async throws {
        let workspace = try Workspace()
        try FileManager.default.createSymbolicLink(
            atPath: workspace.file("link"), withDestinationPath: workspace.path)
        let outcome = try await Swage.run(
            "imatrix", Products.checkpoint, "--text", Products.tinyText, "-o", workspace.file("out"), "--hessian",
            workspace.file("link/out"))
        #expect(outcome.status == 2 && outcome.error.contains("two outputs have this name"), "\(outcome.error)")
        #expect(workspace.contents == ["link"])
    }

    // MARK: Names that are no files of their own

    @Test func aLinkAsAnOutputStaysOne() async throws {
        let workspace = try Workspace()
        _ = try workspace.write("old.gguf", Data("old".utf8))
        try FileManager.default.createSymbolicLink(
            atPath: workspace.file("out.gguf"), withDestinationPath: "old.gguf")
        let outcome = try await Swage.run(
            "convert", Products.checkpoint, "-o", workspace.file("out.gguf"), "--overwrite")
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: workspace.file("out.gguf")) == "old.gguf")
        #expect(try Data(path: workspace.file("old.gguf")) == Data(path: try await Products.original.value))
        #expect(workspace.contents == ["old.gguf", "out.gguf"])
    }

    /// Standard output that is a file has a name among the system's, which must not be replaced.
    @Test(arguments: ["/dev/stdout", "/proc/self/fd/1", "/dev/null"])
    func openFilesAndDevicesAreNoOutputs(output: String) async throws {
        let workspace = try Workspace()
        let stream = try workspace.write("stream", [])
        let outcome = try await Swage.run(
            ["convert", Products.checkpoint, "-o", output], standardOutput: stream)
        #expect(outcome.status == 2, "\(outcome.error)")
        #expect(outcome.error.contains("\(output): no file can be written under this name"))
        #expect(workspace.contents == ["stream"])
    }

    /// A folder of a user's own has the name of the folder that calibration works in.
    @Test(arguments: [false, true])
    func foldersOfOthersAreLeftAlone(isLink: Bool) async throws {
        let workspace = try Workspace()
        let folder = workspace.file("out.gguf.calibration")
        _ = try workspace.write(isLink ? "mine/precious" : "out.gguf.calibration/precious", [1, 2, 3])
        if isLink { try FileManager.default.createSymbolicLink(atPath: folder, withDestinationPath: "mine") }
        let outcome = try await Swage.run(
            "quantize", try await Products.tinyBase.value, "-o", workspace.file("out.gguf"), "--type", "Q4_0",
            "--calibrate", Products.tinyText, "--calibration-context", "32")
        #expect(outcome.status == 2, "\(outcome.error)")
        #expect(outcome.error.contains("\(folder): the work needs this name for itself"), "\(outcome.error)")
        #expect(try Data(path: folder + "/precious") == Data([1, 2, 3]))
        #expect(!workspace.contents.contains("out.gguf"))
    }

    /// States of a run are kept beside its scores, under a name that somebody else may have used.
    @Test func statesOfOthersAreLeftAlone() async throws {
        let workspace = try Workspace()
        let state = try workspace.write("scores.state0", Data("somebody's own".utf8))
        let outcome = try await Swage.run(
            "perplexity", try await Products.tinyBase.value, "--text", Products.tinyText, "--context", "32",
            "--save-scores", workspace.file("scores"), "--save-states-every", "0")
        #expect(outcome.status == 2, "\(outcome.error)")
        #expect(outcome.error.contains("\(state): the work needs this name for itself"), "\(outcome.error)")
        #expect(try Data(path: state) == Data("somebody's own".utf8))
    }
}
