import Foundation
import TestSupport
import Testing

/// Limits that a shell sets for the process.
@Suite struct ResourceLimitTests {
    private static func run(_ limit: String, _ arguments: [String]) async throws -> Swage.Outcome {
        try await Swage.Run(
            ["-c", "\(limit) && exec \"$0\" \"$@\"", try Swage.binary.get().path] + arguments,
            program: URL(filePath: "/bin/sh")
        ).outcome()
    }

    /// A file that may not grow as large is an error, not the end of the process, and nothing is left of it.
    @Test func filesThatMayNotGrow() async throws {
        let workspace = try Workspace()
        let outcome = try await Self.run(
            "ulimit -f 100", ["convert", Products.checkpoint, "-o", workspace.file("out.gguf")])
        #expect(outcome.status == 4, "\(outcome.status) \(outcome.error)")
        #expect(outcome.error.contains("out.gguf: cannot write: File too large"), "\(outcome.error)")
        #expect(outcome.error.contains("ulimit -f"))
        #expect(workspace.contents.isEmpty)
    }

    #if os(Linux)
        /// OpenBLAS asks for address space until it gets some, and no signal ends it while it does.
        @Test(arguments: [200_000, 300_000, 400_000, 600_000])
        func tooLittleAddressSpace(kibibytes: Int) async throws {
            let outcome = try await Self.run("ulimit -v \(kibibytes)", ["--version"])
            #expect(outcome.status == 4, "\(outcome.status) \(outcome.error)")
            #expect(outcome.error.contains("\(kibibytes) KiB of address space"), "\(outcome.error)")
            #expect(outcome.error.contains("ulimit -v"))
        }

        @Test func enoughAddressSpace() async throws {
            let kibibytes = (512 + 192 * ProcessInfo.processInfo.processorCount) << 10
            let outcome = try await Self.run(
                "ulimit -v \(kibibytes)",
                ["perplexity", try await Products.tinyBase.value, "--text", Products.tinyText, "--context", "32"])
            #expect(outcome.status == 0, "\(outcome.status) \(outcome.error)")
        }
    #endif
}
