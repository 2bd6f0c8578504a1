import Foundation
import GGUF
import TestSupport
import Testing

/// Models that are read again once they are written.
@Suite struct WrittenFileTests {
    /// No honest file of any type is refused, padded and with columns that no input reaches.
    @Test(arguments: [
        "Q8_0", "Q4_K_M", "Q2_K", "IQ2_XXS", "IQ1_S", "TQ1_0", "MXFP4_MOE", "NVFP4", "Q2_0", "Q1_0",
    ])
    func honestFiles(type: String) async throws {
        let workspace = try Workspace()
        let importance = try await Products.importance.value
        // A GGUF of padded experts says itself how wide they were.
        let models =
            ["Q4_K_M", "IQ2_XXS"].contains(type)
            ? [Products.checkpoint, try await Products.original.value] : [Products.checkpoint]
        for model in models {
            let outcome = try await Swage.run(
                "quantize", model, "-o", workspace.file("out.gguf"), "--type", type, "--imatrix", importance,
                "--verify",
                "--overwrite"
            )
            #expect(outcome.status == 0, "\(outcome.error)")
        }
        #expect(workspace.contents == ["out.gguf"])
    }

    @Test(arguments: ["auto", "f32", "f16", "bf16", "q8_0"])
    func honestConversions(type: String) async throws {
        let workspace = try Workspace()
        let outcome = try await Swage.run(
            "convert", Products.checkpoint, "-o", workspace.file("out.gguf"), "--type", type, "--verify")
        #expect(outcome.status == 0, "\(outcome.error)")
    }

    @Test func honestCalibratedFiles() async throws {
        let workspace = try Workspace()
        let outcome = try await Swage.run(
            [
                "quantize", try ShallowCheckpoint.path(), "-o", workspace.file("out.gguf"), "--type", "IQ1_S",
                "--verify",
                "--calibration-context", "64", "--calibration-chunks", "2", "--calibrate", Products.texts[0],
            ])
        #expect(outcome.status == 0, "\(outcome.error)")
    }

    private static let damaged = FaultyCommand.all.filter {
        ["convert", "quantize", "quantize --split", "quantize --calibrate"].contains($0.name)
    }

    /// Whatever write the disk has not done as it was asked to: exit code 5, and no file under the name of the output.
    @Test(.enabled("there is no C compiler") { FaultyDisk.isAvailable }, arguments: damaged)
    func damagedFiles(command: FaultyCommand) async throws {
        let place = try await command.place()
        let arguments = place.arguments + ["--verify"]
        var disk = FaultyDisk(folder: place.outputs + "/out", calls: .damage)
        disk.number = 1 << 30
        let untouched = try await disk.run(arguments)
        try #require(untouched.outcome.status == 0, "\(untouched.outcome.error)")
        let count = untouched.callCount
        for number in Set([1, 2, 3, count / 3, count / 2, count].map { min(max(1, $0), count) }) {
            try place.clear()
            disk.number = number
            let run = try await disk.run(arguments)
            let context: Comment =
                "write \(number) of \(count): \(run.failures) \(run.outcome.status) \(run.outcome.error)"
            // What is kept for going on is not the result.
            guard
                run.failures.contains(where: {
                    $0.contains(".gguf.partial") || $0.hasSuffix(".gguf") || $0.hasSuffix(".work/data")
                })
            else {
                continue
            }
            #expect(run.outcome.status == 5, context)
            #expect(run.outcome.error.contains(".rejected"), context)
            #expect(place.names.contains { $0.hasSuffix(".rejected") }, context)
        }
    }

    /// What is refused names the tensor, its block, and the byte in the file.
    @Test(.enabled("there is no C compiler") { FaultyDisk.isAvailable })
    func theBlockIsNamed() async throws {
        let command = try #require(Self.damaged.first { $0.name == "quantize" })
        let place = try await command.place()
        var disk = FaultyDisk(folder: place.outputs + "/", calls: .damage)
        disk.number = 1 << 30
        let count = try await disk.run(place.arguments).callCount
        // The last write is to the list of complete tensors, the one before it to the last of them.
        disk.number = count - 1
        let run = try await disk.run(place.arguments + ["--verify", "--overwrite"])
        #expect(run.outcome.status == 5)
        #expect(run.outcome.error.contains("block"), "\(run.outcome.error)")
        #expect(place.names == ["out.gguf.rejected"], "\(run.outcome.error)")
        // What was wrong is in nobody's way.
        #expect(try await Swage.run(place.arguments).status == 0)
        #expect(place.names == ["out.gguf", "out.gguf.rejected"])
    }
}
