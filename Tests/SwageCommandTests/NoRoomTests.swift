import Foundation
import Platform
import TestSupport
import Testing

/// Disks that are full, streams that are closed.
@Suite struct NoRoomTests {
    private static let fullDevice = "/dev/full"
    private static let hasFullDevice = FileManager.default.fileExists(atPath: fullDevice)

    /// Whether a file system of our own size can be mounted, by root or in a user name space.
    private static func canMount() async -> Bool {
        let arguments = mounting(at: NSTemporaryDirectory(), byteCount: 1 << 20, ["true"])
        guard let run = try? Swage.Run(arguments, program: URL(filePath: "/usr/bin/unshare")) else { return false }
        return (try? await run.outcome().status) == 0
    }

    /// Arguments of `unshare` that run `command` with an empty file system at `folder`.
    private static func mounting(at folder: String, byteCount: Int, _ command: [String]) -> [String] {
        let script = "mount -t tmpfs -o size=\(byteCount) none \"$0\" && \"$@\""
        return ["--map-root-user", "--mount", "sh", "-c", script, folder] + command
    }

    @Test(.enabled("no file system can be mounted here") { await canMount() })
    func tooLittleRoomIsSeenBeforeTheWork() async throws {
        let workspace = try Workspace()
        let output = workspace.file("out.gguf")
        let binary = try Swage.binary.get().path
        let script = [
            "sh", "-c", "\"$@\"; status=$?; ls -A \"$0\" | grep . && exit 99; exit $status", workspace.path, binary,
            "convert", Products.checkpoint, "-o", output,
        ]
        let run = try Swage.Run(
            Self.mounting(at: workspace.path, byteCount: 1 << 20, script), program: URL(filePath: "/usr/bin/unshare"))
        let outcome = try await run.outcome()
        #expect(outcome.status == 4, "\(outcome.output)\(outcome.error)")
        #expect(outcome.error.contains(output) && outcome.error.contains("free on this disk"))
    }

    @Test func resultsForAClosedStreamAreAnErrorAndHarmNoFile() async throws {
        let workspace = try Workspace()
        let output = workspace.file("out.gguf")
        let arguments = [
            "-c", "\"$@\" >&- 2>&-", "sh", try Swage.binary.get().path, "convert", Products.checkpoint, "-o", output,
        ]
        let outcome = try await Swage.Run(arguments, program: URL(filePath: "/bin/sh")).outcome()
        #expect(outcome.status == 1)
        #expect(try Data(path: output) == Data(path: try await Products.original.value))
    }

    @Test(
        .enabled("there is no \(fullDevice)") { hasFullDevice },
        arguments: [
            ["inspect", CheckpointCopy.original], ["inspect", CheckpointCopy.original, "--json"],
            ["tokenize", CheckpointCopy.original, "--text", "Hello"],
            ["generate", CheckpointCopy.original, "--prompt", "Hello", "--max-new-tokens", "1"], ["--help"],
        ])
    func resultsThatCannotBeWrittenAreAnError(arguments: [String]) async throws {
        let outcome = try await Swage.run(arguments, standardOutput: Self.fullDevice)
        #expect(outcome.status == 4)
        #expect(outcome.error.contains("standard output: cannot write"))
    }

    /// Runs whose results nobody reads any more end without a word, as the signal would end them.
    @Test(arguments: [
        ["inspect", CheckpointCopy.original], ["inspect", CheckpointCopy.original, "--json"], ["--help"],
        ["generate", CheckpointCopy.original, "--prompt", "Hello", "--max-new-tokens", "2"],
        ["chat", CheckpointCopy.original, "--template", "chatml", "--max-new-tokens", "2"],
    ])
    func runsWithoutAReaderEnd(arguments: [String]) async throws {
        let workspace = try Workspace()
        let script = "mkfifo \"$0\" && exec 5<>\"$0\" 6>\"$0\" 5<&- && exec \"$@\" >&6"
        let run = try Swage.Run(
            ["-c", script, workspace.file("pipe"), try Swage.binary.get().path] + arguments,
            program: URL(filePath: "/bin/sh"), standardInput: "Hello\nHello\n")
        let outcome = try await run.outcome()
        #expect(outcome.status == 128 + SIGPIPE)
        #expect(outcome.error.isOnlyWhatWasWritten)
    }
}
