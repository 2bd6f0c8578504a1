import Foundation
import GGUF
import Platform
import TestSupport
import Testing

/// Conversions and quantizations that end early go on behind the last complete tensor.
@Suite struct ResumedWritingTests {
    /// A run that takes long enough to be interrupted.
    private static func arguments(_ command: String, _ output: String) async throws -> [String] {
        switch command {
        case "convert": ["convert", Products.checkpoint, "-o", output, "--type", "q8_0", "--threads", "1"]
        case "quantize":
            [
                "quantize", try await Products.original.value, "-o", output, "--type", "IQ2_XXS",
                "--imatrix", try await Products.importance.value, "--threads", "1",
            ]
        default: throw CocoaError(.featureUnsupported)
        }
    }

    /// The complete tensors of an unfinished output, as its list says.
    private static func completeCount(_ workspace: Workspace) -> Int {
        (try? Data(path: workspace.file("out.gguf.work/complete")))?.count { $0 == 0x0a } ?? 0
    }

    /// An unfinished run of which some tensors are complete.
    private static func interrupted(
        _ command: String, after tensorCount: Int = 1, by signal: Int32 = SIGKILL
    ) async throws -> (workspace: Workspace, arguments: [String], error: String) {
        let workspace = try Workspace()
        let arguments = try await arguments(command, workspace.file("out.gguf"))
        for _ in 0..<20 {
            let run = try Swage.Run(arguments)
            await run.send(signal) { completeCount(workspace) >= tensorCount }
            let outcome = try await run.outcome()
            if outcome.status == 128 + signal { return (workspace, arguments, outcome.error) }
            // On a busy machine the signal can come too late.
            try #require(outcome.status == 0)
            try FileManager.default.removeItem(atPath: workspace.file("out.gguf"))
        }
        throw CocoaError(.userCancelled)
    }

    /// What runs that nobody ended have written.
    private static let whole = Dictionary(
        uniqueKeysWithValues: ["convert", "quantize"].map { command in
            (
                command,
                Task {
                    let workspace = try Workspace()
                    let outcome = try await Swage.run(try await arguments(command, workspace.file("out.gguf")))
                    try #require(outcome.status == 0, "\(outcome.error)")
                    return try Data(path: workspace.file("out.gguf"))
                }
            )
        })

    @Test(arguments: [("convert", 1), ("convert", 30), ("quantize", 1), ("quantize", 40)])
    func goesOnBehindTheLastTensor(command: String, tensorCount: Int) async throws {
        let (workspace, arguments, _) = try await Self.interrupted(command, after: tensorCount)
        let kept = Self.completeCount(workspace)
        #expect(workspace.contents == ["out.gguf.work"])
        // Another number of threads is the same run.
        let second = try await Swage.run(arguments.dropLast() + ["2"])
        #expect(second.status == 0, "\(second.error)")
        #expect(second.error.contains("going on after tensor \(kept) of "), "\(second.error)")
        #expect(workspace.contents == ["out.gguf"])
        #expect(try await Data(path: workspace.file("out.gguf")) == Self.whole[command]!.value)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func saysWhatStays(signal: Int32) async throws {
        let (workspace, _, error) = try await Self.interrupted("quantize", by: signal)
        #expect(workspace.contents == ["out.gguf.work"])
        let (output, folder) = (workspace.file("out.gguf"), workspace.file("out.gguf.work"))
        #expect(error.contains("\(folder): work is kept there"))
        #expect(error.contains("swage clean \(output)"))
        let listed = try await Swage.run("clean", output, "--dry-run")
        #expect(listed.status == 0 && listed.output.contains("out.gguf.work  "))
        #expect(workspace.contents == ["out.gguf.work"])
        #expect(try await Swage.run("clean", output).output == listed.output)
        #expect(workspace.contents.isEmpty)
        let again = try await Swage.run("clean", output)
        #expect(again.status == 0 && again.output.isEmpty && again.error.contains("nothing is left"))
    }

    @Test(arguments: [
        (["--type", "IQ3_XXS"], "the types, the options or the metadata"),
        (["--imatrix", "none"], "the importance matrix"),
    ])
    func anotherRunIsRefusedAndKeepsTheWork(change: [String], what: String) async throws {
        let (workspace, arguments, _) = try await Self.interrupted("quantize")
        var changed = arguments
        let place = try #require(changed.firstIndex(of: change[0]))
        changed[place + 1] = change[1]
        if change[1] == "none" { changed[place + 1] = try await Self.otherImportance(workspace) }
        let kept = try Data(path: workspace.file("out.gguf.work/data"))
        let refused = try await Swage.run(changed)
        #expect(refused.status == 2)
        #expect(refused.error.contains(workspace.file("out.gguf.work")) && refused.error.contains(what))
        #expect(refused.error.contains("--restart") && !refused.error.contains("work is kept there"))
        #expect(try Data(path: workspace.file("out.gguf.work/data")) == kept)
        let second = try await Swage.run(arguments)
        #expect(second.status == 0 && second.error.contains("going on after tensor"))
    }

    private static func otherImportance(_ workspace: Workspace) async throws -> String {
        let path = workspace.file("other.importance.gguf")
        let outcome = try await Swage.run(
            "imatrix", try await Products.original.value, "-o", path, "--context", "64", "--chunks", "1", "--text",
            Products.texts[0])
        try #require(outcome.status == 0)
        return path
    }

    @Test func beginsAnew() async throws {
        let (workspace, arguments, _) = try await Self.interrupted("quantize")
        let other = arguments.map { $0 == "IQ2_XXS" ? "IQ3_XXS" : $0 }
        let outcome = try await Swage.run(other + ["--restart"])
        #expect(outcome.status == 0 && !outcome.error.contains("going on"), "\(outcome.error)")
        #expect(workspace.contents == ["out.gguf"])
    }

    /// A changed byte, a lost end, a changed list, a lost list, a changed header.
    @Test(arguments: ["tensor", "end", "list", "no list", "header"])
    func whatIsDamagedIsWrittenAnew(kind: String) async throws {
        let (workspace, arguments, _) = try await Self.interrupted("quantize", after: 20)
        let (data, list) = (workspace.file("out.gguf.work/data"), workspace.file("out.gguf.work/complete"))
        var bytes = try Data(path: data)
        let complete = try await Self.whole["quantize"]!.value
        let header = try GGUFFile(path: try workspace.write("complete.gguf", complete)).parts[0].dataOffset
        try FileManager.default.removeItem(atPath: workspace.file("complete.gguf"))
        switch kind {
        case "tensor": bytes[header + 100] ^= 1
        case "end": bytes.removeLast(bytes.count / 3)
        case "header": bytes[100] ^= 1
        case "list":
            var lines = try Data(path: list)
            lines[33 * 3] ^= 1
            try lines.write(to: URL(filePath: list))
        default: try FileManager.default.removeItem(atPath: list)
        }
        try bytes.write(to: URL(filePath: data))
        let outcome = try await Swage.run(arguments)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(workspace.contents == ["out.gguf"])
        #expect(try Data(path: workspace.file("out.gguf")) == complete)
    }

    @Test func aFolderOfOthersIsNotTouched() async throws {
        let workspace = try Workspace()
        let note = try workspace.write("out.gguf.work/note", Array("precious".utf8))
        let arguments = try await Self.arguments("convert", workspace.file("out.gguf"))
        for options in [[], ["--restart"]] {
            let outcome = try await Swage.run(arguments + options)
            #expect(outcome.status == 2 && outcome.error.contains(workspace.file("out.gguf.work")))
        }
        #expect(try await Swage.run("clean", workspace.file("out.gguf")).status == 2)
        #expect(try Data(path: note) == Data("precious".utf8))
    }
}
