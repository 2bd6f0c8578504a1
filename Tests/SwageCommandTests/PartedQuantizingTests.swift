import Foundation
import GGUF
import TestSupport
import Testing

/// `swage quantize` that writes parts, and completes what is there of them.
@Suite struct PartedQuantizingTests {
    /// The parts of a model, with what each of them holds.
    private static func parts(_ workspace: Workspace, _ name: String) throws -> [String: Data] {
        var parts: [String: Data] = [:]
        for file in workspace.contents where file.hasPrefix("\(name)-0") {
            parts[file] = try Data(path: workspace.file(file))
        }
        return parts
    }

    private static func quantize(_ output: String, _ options: [String]) async throws -> Swage.Outcome {
        let outcome = try await Swage.run(
            ["quantize", try await Products.original.value, "-o", output, "--type", "Q4_K_M"] + options)
        try #require(outcome.status == 0, "\(outcome.error)")
        return outcome
    }

    /// The tensors' bytes in each of the files of a set.
    private static func tensorsByPart(_ path: String) throws -> [[String: [UInt8]]] {
        let file = try GGUFFile(path: path)
        let bytes = try tensorBytes(path)
        return file.parts.map { part in
            Dictionary(
                uniqueKeysWithValues: part.tensorIndices.map { (file.tensors[$0].name, bytes[file.tensors[$0].name]!) })
        }
    }

    /// The same tensors in the same parts as one file that is cut, and the same file when they are joined.
    @Test(arguments: [["--split-max-size", "4M"], ["--split-max-tensors", "20"]])
    func isAsOneFileThatIsCut(limits: [String]) async throws {
        try Conformance.row("quantizing/split-directly")
        let workspace = try Workspace()
        let (whole, parts) = (try await Products.quantized.value, workspace.file("parts.gguf"))
        let outcome = try await Self.quantize(parts, limits)
        #expect(outcome.error.isOnlyWhatWasWritten)
        let cut = try await Swage.run(["split", whole, "-o", workspace.file("cut")] + limits)
        #expect(cut.status == 0)
        let names = try Self.parts(workspace, "parts").keys.sorted()
        #expect(names.count > 1)
        #expect(names == (try Self.parts(workspace, "cut")).keys.map { $0.replacing("cut", with: "parts") }.sorted())
        let (first, other) = (workspace.file(names[0]), workspace.file(names[0].replacing("parts", with: "cut")))
        #expect(try Self.tensorsByPart(first) == Self.tensorsByPart(other))
        let joined = workspace.file("joined.gguf")
        #expect(try await Swage.run("merge", first, "-o", joined).status == 0)
        #expect(try Data(path: joined) == Data(path: whole))
    }

    @Test func keepsTheSplitOfItsInput() async throws {
        try Conformance.row("quantizing/keep-split")
        let workspace = try Workspace()
        let original = try await Products.original.value
        #expect(
            try await Swage.run("split", original, "-o", workspace.file("in"), "--max-tensors", "17").status == 0)
        let input = workspace.file("in-00001-of-00004.gguf")
        let outcome = try await Swage.run(
            "quantize", input, "-o", workspace.file("out.gguf"), "--type", "Q4_K_M", "--keep-split")
        #expect(outcome.status == 0, "\(outcome.error)")
        let (found, expected) = (
            try GGUFFile(path: workspace.file("out-00001-of-00004.gguf")), try GGUFFile(path: input)
        )
        #expect(found.parts.map(\.tensorIndices) == expected.parts.map(\.tensorIndices))
        #expect(
            try tensorBytes(workspace.file("out-00001-of-00004.gguf"))
                == tensorBytes(try await Products.quantized.value))
        let refused = try await Swage.run(
            "quantize", Products.checkpoint, "-o", workspace.file("no.gguf"), "--type", "Q4_K_M", "--keep-split")
        #expect(refused.status == 2 && refused.error.contains("--split-max-size"))
    }

    /// A part that is gone, one that is cut off, and one with another byte among its tensors.
    @Test func writesOnlyWhatIsMissing() async throws {
        try Conformance.row("quantizing/split-completed")
        let workspace = try Workspace()
        let (output, limits) = (workspace.file("out.gguf"), ["--split-max-tensors", "11"])
        _ = try await Self.quantize(output, limits)
        let whole = try Self.parts(workspace, "out")
        let names = whole.keys.sorted()
        #expect(names.count == 5)
        func numbers() throws -> [UInt64] {
            try names.map { name in
                let attributes = try FileManager.default.attributesOfItem(atPath: workspace.file(name))
                return try #require(attributes[.systemFileNumber] as? UInt64)
            }
        }
        let before = try numbers()
        // All are there.
        let kept = try await Self.quantize(output, limits)
        #expect(try numbers() == before && kept.error.contains("note: 5 of 5 parts are there already and are kept"))

        try FileManager.default.removeItem(atPath: workspace.file(names[1]))
        _ = try workspace.write(names[2], whole[names[2]]!.dropLast(64))
        var flipped = whole[names[3]]!
        flipped[flipped.count - 40_000] ^= 1
        _ = try workspace.write(names[3], flipped)
        let outcome = try await Self.quantize(output, limits)
        #expect(try Self.parts(workspace, "out") == whole)
        #expect(try numbers()[0] == before[0], "the first part is not written again")
        for name in names[2...3] {
            #expect(outcome.error.contains("\(workspace.file(name)): it is damaged, and is written anew"))
        }
        #expect(outcome.error.contains("2 of 5 parts are there already"))
        #expect(outcome.error.contains("wrote \(workspace.file(names[1])) ("))
        #expect(outcome.error.contains(", \(workspace.file(names[3])) ("))
    }

    /// A file of a part's name that is of another run, or no model at all, is somebody's: it is replaced only if that is asked
    /// for, and else nothing is touched.
    @Test func doesNotReplaceOtherParts() async throws {
        try Conformance.row("quantizing/split-over-others")
        let workspace = try Workspace()
        let limits = ["--split-max-tensors", "11"]
        _ = try await Self.quantize(workspace.file("out.gguf"), limits)
        _ = try await Self.quantize(workspace.file("other.gguf"), limits + ["--tensor-type", "attn_q=Q8_0"])
        let names = try Self.parts(workspace, "out").keys.sorted()
        let whole = try Self.parts(workspace, "out")
        let others = [try Data(path: workspace.file(names[4].replacing("out", with: "other"))), Data("a letter".utf8)]
        for (number, other) in others.enumerated() {
            _ = try workspace.write(names[4], other)
            try? FileManager.default.removeItem(atPath: workspace.file(names[1]))
            let before = try Self.parts(workspace, "out")
            let arguments =
                ["quantize", try await Products.original.value, "-o", workspace.file("out.gguf"), "--type", "Q4_K_M"]
                + limits
            for options in [[], ["--restart"]] {
                let refused = try await Swage.run(arguments + options)
                #expect(refused.status == 2)
                #expect(refused.error.contains("\(workspace.file(names[4])): it is there already, and is no part of"))
                #expect(refused.error.contains("--overwrite"))
                #expect(try Self.parts(workspace, "out") == before)
            }
            let outcome = try await Swage.run(arguments + ["--overwrite"])
            #expect(outcome.status == 0, "\(number): \(outcome.error)")
            #expect(outcome.error.contains("\(workspace.file(names[4])): it is of another set, and is written anew"))
            #expect(try Self.parts(workspace, "out") == whole)
        }
        let cut = ["split", try await Products.quantized.value, "-o", workspace.file("out")] + ["--max-tensors", "11"]
        let refused = try await Swage.run(cut)
        #expect(refused.status == 2 && refused.error.contains("--overwrite"))
        #expect(try Self.parts(workspace, "out") == whole)
        #expect(try await Swage.run(cut + ["--overwrite"]).status == 0)
    }

    @Test func aKilledRunIsCompleted() async throws {
        try Conformance.row("quantizing/split-killed")
        let workspace = try Workspace()
        let (output, importance) = (workspace.file("out.gguf"), try await Products.importance.value)
        let arguments = [
            "quantize", try await Products.original.value, "-o", output, "--type", "IQ2_XXS", "--imatrix", importance,
            "--split-max-tensors", "5",
        ]
        let first = workspace.file("out-00001-of-00011.gguf")
        let run = try Swage.Run(arguments)
        await run.send(SIGKILL) { FileManager.default.fileExists(atPath: first) }
        _ = try await run.outcome()
        let left = try Self.parts(workspace, "out")
        let outcome = try await Swage.run(arguments)
        #expect(outcome.status == 0, "\(outcome.error)")
        let parts = try Self.parts(workspace, "out")
        #expect(parts.count == 11 && left.allSatisfy { parts[$0.key] == $0.value })
        #expect(outcome.error.contains("\(left.count) of 11 parts are there already and are kept"))
        let whole = workspace.file("whole.gguf")
        #expect(try await Swage.run(Array(arguments.dropLast(2)).map { $0 == output ? whole : $0 }).status == 0)
        #expect(try tensorBytes(first) == tensorBytes(whole))
    }

    @Test func withSecondMomentsAndTexts() async throws {
        try Conformance.row("quantizing/split-fitted")
        let workspace = try Workspace()
        let (model, hessian) = (try await Products.tinyBase.value, workspace.file("hessian.gguf"))
        let texts = ["--text", Products.tinyText, "--context", "32"]
        #expect(try await Swage.run(["imatrix", model, "--hessian", hessian] + texts).status == 0)
        let fitted = ["--hessian", hessian]
        let calibrated = ["--calibration-context", "32", "--calibrate", Products.tinyText]
        for (number, options) in [fitted, calibrated].enumerated() {
            let (whole, parts) = (workspace.file("whole-\(number)"), workspace.file("parts-\(number)"))
            let arguments = ["quantize", model, "--type", "Q4_0"] + options
            #expect(try await Swage.run(arguments + ["-o", whole]).status == 0)
            let limits = ["--split-max-tensors", "7", "-o", parts]
            let outcome = try await Swage.run(arguments + limits)
            try #require(outcome.status == 0, "\(outcome.error)")
            let names = try Self.parts(workspace, "parts-\(number)").keys.sorted()
            let first = workspace.file(try #require(names.first))
            #expect(try tensorBytes(first) == tensorBytes(whole))
            try FileManager.default.removeItem(atPath: workspace.file(names[1]))
            #expect(try await Swage.run(arguments + limits).status == 0)
            #expect(try tensorBytes(first) == tensorBytes(whole))
        }
        #expect(!workspace.contents.contains { $0.hasSuffix(".calibration") })
    }

    @Test func aDryRunShowsTheParts() async throws {
        try Conformance.row("quantizing/split-dry-run")
        let workspace = try Workspace()
        let outcome = try await Self.quantize(
            workspace.file("out.gguf"), ["--split-max-tensors", "20", "--dry-run"])
        for part in ["out-00001-of-00003.gguf: 20 tensors", "out-00003-of-00003.gguf: 15 tensors"] {
            #expect(outcome.output.contains(part))
        }
        #expect(workspace.contents.isEmpty)
    }

    @Test func optionsThatExcludeEachOther() async throws {
        let outcome = try await Swage.run(
            "quantize", Products.checkpoint, "-o", "x", "--type", "Q4_0", "--keep-split", "--split-max-tensors", "3")
        #expect(outcome.status == 2 && outcome.error.contains("exclude each other"))
    }
}
