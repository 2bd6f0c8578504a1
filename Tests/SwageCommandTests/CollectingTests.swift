import Foundation
import GGUF
import TestSupport
import Testing

/// Importance matrices of a model, against llama-imatrix.
@Suite struct CollectingTests {
    /// The sums or counts of every tensor.
    private func values(_ path: String) throws -> [String: [Float]] {
        try tensorBytes(path).mapValues { bytes in
            bytes.withUnsafeBytes { buffer in
                stride(from: 0, to: buffer.count, by: 4).map {
                    Float(bitPattern: UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
                }
            }
        }
    }

    private func expectSame(_ ours: [String: [Float]], _ theirs: [String: [Float]], within part: Float) {
        #expect(Set(ours.keys) == Set(theirs.keys))
        for (name, expected) in theirs {
            let found = ours[name] ?? []
            #expect(found.count == expected.count, "\(name)")
            let greatest = expected.max() ?? 0
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= part * greatest }, "\(name)")
            if name.hasSuffix(".counts") { #expect(found == expected, "\(name)") }
        }
    }

    private func collect(_ output: String, _ options: String...) async throws -> [String: [Float]] {
        let outcome = try await Swage.run(
            [
                "imatrix", try await Products.tinyBase.value, "--text", Products.tinyText, "--context", "32", "-o",
                output,
            ] + options)
        try #require(outcome.status == 0, "\(outcome.error)")
        return try values(output)
    }

    /// Golden data of `Tests/Generators/imatrix_output_golden.py`.
    @Test(arguments: [("importance", "0"), ("importance-from-5", "5")])
    func theOutputMatrixToo(name: String, first: String) async throws {
        let workspace = try Workspace()
        let theirs = try values(Fixtures.path("golden/predictions/\(name).gguf"))
        let ours = try await collect(workspace.file("a"), "--process-output", "--from-chunk", first)
        expectSame(ours, theirs, within: 1e-5)
        #expect(theirs["output.weight.in_sum2"]?.count == 32)
        let without = try await collect(workspace.file("b"), "--from-chunk", first)
        #expect(without == ours.filter { !$0.key.hasPrefix("output.weight") })
    }

    /// Written after every batch of a run that memory cuts into several; what a killed run leaves can be used.
    @Test func whatWasCollectedUntilTheEndCame() async throws {
        let workspace = try Workspace()
        let output = workspace.file("importance.gguf")
        let text = Fixtures.path("text/eval/fiction-en.txt")
        func arguments(_ output: String, _ options: [String]) async throws -> [String] {
            [
                "imatrix", try await Products.tinyBase.value, "--text", text, "--context", "64", "-o", output,
                "--threads", "1",
            ] + options
        }
        let run = try Swage.Run(try await arguments(output, ["--memory", "86M"]))
        await run.send(SIGKILL) { FileManager.default.fileExists(atPath: output) }
        // On a busy machine the kill can come too late; the file is complete then.
        let status = try await run.outcome().status
        #expect(status == 128 + SIGKILL || status == 0)
        let count = try #require(try GGUFFile(path: output).metadata.integer("imatrix.chunk_count"))
        let other = workspace.file("other.gguf")
        let outcome = try await Swage.run(try await arguments(other, ["--chunks", "\(count)"]))
        #expect(outcome.status == 0, "\(outcome.error)")
        expectSame(try values(output), try values(other), within: 1e-6)
    }
}
