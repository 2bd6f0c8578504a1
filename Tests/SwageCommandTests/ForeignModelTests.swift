import Foundation
import GGUF
import TestSupport
import Testing

/// What was collected from another model than the one it is used for, or with other padding.
@Suite struct ForeignModelTests {
    private static let words = "was collected from another model than"

    /// The tiny model with other weights in its first attention output: each is the negative of what it was.
    private func other(_ workspace: Workspace) async throws -> String {
        let model = try await TinyModel(workspace)
        try model.scale("blk.0.attn_output.weight", by: -1)
        return model.path
    }

    private func collect(_ model: String, _ options: [String]) async throws {
        let outcome = try await Swage.run(
            ["imatrix", model, "--text", Products.tinyText, "--context", "32"] + options)
        try #require(outcome.status == 0, "\(outcome.error)")
    }

    private func warnings(_ arguments: String...) async throws -> [Substring] {
        let outcome = try await Swage.run(arguments + (arguments.contains("-o") ? ["--overwrite"] : []))
        #expect(outcome.status == 0, "\(outcome.error)")
        return outcome.error.split(separator: "\n").filter { $0.contains("another model") }
    }

    @Test func anImportanceMatrixOfAnotherModel() async throws {
        try Conformance.row("quantizing/importance-of-another-model")
        let workspace = try Workspace()
        let (base, other) = (try await Products.tinyBase.value, try await other(workspace))
        let (own, foreign) = (workspace.file("own.gguf"), workspace.file("foreign.gguf"))
        try await collect(base, ["-o", own])
        try await collect(other, ["-o", foreign])
        let output = workspace.file("out.gguf")
        for dry in [["--dry-run"], []] {
            let found = try await Swage.run(
                ["quantize", base, "-o", output, "--type", "Q8_0", "--imatrix", foreign] + dry)
            #expect(found.status == 0)
            #expect(found.error.contains("warning: \(foreign): the importance matrix \(Self.words) \(base)"))
        }
        #expect(try await warnings("quantize", base, "-o", output, "--type", "Q8_0", "--imatrix", own).isEmpty)
        #expect(try await warnings("compare", base, output, "--imatrix", own).isEmpty)
        #expect(try await warnings("compare", base, output, "--imatrix", foreign).count == 1)
        let merged = workspace.file("merged.gguf")
        #expect(try await warnings("imatrix", "--merge", own, own, "-o", merged).isEmpty)
        #expect(try await warnings("imatrix", "--merge", own, foreign, "-o", merged).count == 1)
    }

    /// Files of llama.cpp, and those from before, do not say.
    @Test func anImportanceMatrixThatDoesNotSay() async throws {
        try Conformance.row("quantizing/importance-without-model")
        let workspace = try Workspace()
        #expect(
            try await warnings(
                "quantize", try await Products.tinyBase.value, "-o", workspace.file("out.gguf"), "--type", "Q8_0",
                "--imatrix", Fixtures.path("golden/predictions/importance.gguf")
            ).isEmpty)
    }

    /// Half precision, 8 bits and 2 bits of one model, padded and not, and its checkpoint.
    @Test func anImportanceMatrixOfATwin() async throws {
        try Conformance.row("quantizing/importance-of-a-twin")
        let workspace = try Workspace()
        let importance = try await Products.importance.value
        let original = try await Products.original.value
        let twins = ["f16", "q8_0"].map { ($0, workspace.file("\($0).gguf")) }
        for (type, path) in twins {
            let outcome = try await Swage.run("convert", Products.checkpoint, "-o", path, "--type", type)
            #expect(outcome.status == 0)
        }
        let small = workspace.file("small.gguf")
        #expect(
            try await warnings("quantize", original, "-o", small, "--type", "IQ1_S", "--imatrix", importance).isEmpty)
        for model in twins.map(\.1) + [small, Products.checkpoint, try await Products.unpadded.value] {
            #expect(
                try await warnings(
                    "quantize", model, "--dry-run", "--type", "Q4_K_M", "--allow-requantize", "--imatrix", importance
                ).isEmpty, "\(model)")
        }
    }

    @Test func secondMomentsOfAnotherModel() async throws {
        try Conformance.row("quantizing/hessian-of-another-model")
        let workspace = try Workspace()
        let (base, other) = (try await Products.tinyBase.value, try await other(workspace))
        let (own, foreign) = (workspace.file("own.gguf"), workspace.file("foreign.gguf"))
        try await collect(base, ["--hessian", own])
        try await collect(other, ["--hessian", foreign])
        let output = workspace.file("out.gguf")
        #expect(try await warnings("quantize", base, "-o", output, "--type", "Q8_0", "--hessian", own).isEmpty)
        #expect(
            try await warnings("quantize", base, "-o", output, "--type", "Q8_0", "--hessian", foreign).first?
                .contains("the file of second moments \(Self.words)") == true)
    }

    /// Experts of 224 and of 256, shared ones of 448 and 512: padding has no importance, and what has is the same.
    @Test func paddingIsTranslated() async throws {
        try Conformance.row("quantizing/importance-padding")
        let workspace = try Workspace()
        let (padded, plain) = (try await Products.original.value, try await Products.unpadded.value)
        let (wide, narrow) = (try await Products.importance.value, workspace.file("narrow.gguf"))
        let collected = try await Swage.run(
            ["imatrix", plain, "-o", narrow, "--context", "64", "--chunks", "2", "--text"] + Products.texts)
        #expect(collected.status == 0)
        for (model, type) in [(padded, "Q4_K_M"), (plain, "Q4_0")] {
            var bytes: [[String: [UInt8]]] = []
            for (number, importance) in [wide, narrow].enumerated() {
                let output = workspace.file("out-\(number).gguf")
                let outcome = try await Swage.run(
                    "quantize", model, "-o", output, "--type", type, "--imatrix", importance, "--overwrite")
                try #require(outcome.status == 0, "\(outcome.error)")
                bytes.append(try tensorBytes(output))
            }
            #expect(bytes[0].count == 55 && Set(bytes[0].keys) == Set(bytes[1].keys))
            // Sums over padded rows are those over the others, but for the order of float32 additions.
            let same = bytes[0].filter { bytes[1][$0.key] == $0.value }.count
            #expect(same >= 50, "\(same) tensors are the same")
        }
        let merged = workspace.file("merged.gguf")
        let outcome = try await Swage.run("imatrix", "--merge", wide, narrow, "-o", merged)
        #expect(outcome.status == 0, "\(outcome.error)")
        let file = try GGUFFile(path: merged)
        for (name, length) in [("ffn_down_exps", 256), ("ffn_down_shexp", 512)] {
            let index = try #require(file.index(ofTensor: "blk.0.\(name).weight.in_sum2"))
            #expect(file.tensors[index].shape.rowLength == length)
        }
    }

    /// 28 columns more are no padding to whole blocks of 256.
    @Test func otherLengthsAreNotTranslated() async throws {
        try Conformance.row("quantizing/importance-padding-refused")
        let workspace = try Workspace()
        let outcome = try await Swage.run(
            "quantize", try await Products.tinyBase.value, "-o", workspace.file("out.gguf"), "--type", "Q8_0",
            "--imatrix", try await Products.importance.value)
        #expect(outcome.status == 3 && outcome.error.contains("use the importance matrix of this very model"))
    }
}
