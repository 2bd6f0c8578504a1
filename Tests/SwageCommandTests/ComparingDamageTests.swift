import Foundation
import GGUF
import TestSupport
import Testing

/// `swage compare` on models that hold what is no number, or that come in the wrong order.
@Suite struct ComparingDamageTests {
    /// A copy of a GGUF, one bf16 or f32 element of which is changed.
    private static func damaged(
        _ workspace: Workspace, _ original: String, _ name: String, element: Int, to value: Float
    ) throws -> String {
        let file = try GGUFFile(path: original)
        let index = try #require(file.index(ofTensor: name))
        let size = file.tensors[index].type.blockByteCount
        let bytes = withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0.suffix(size)) }
        var data = try Data(path: original)
        let start = file.location(ofTensorAt: index).fileOffset + size * element
        data.replaceSubrange(start..<start + size, with: bytes)
        return try workspace.write("damaged.gguf", data)
    }

    private static let forms = [[], ["--json"], ["--max-rmse", "0.3"], ["--json", "--experts"]]

    /// Row 3, column 5 of a matrix of 256 columns is element 3 · 256 + 5.
    @Test(arguments: forms, [Float.nan, .infinity, -.infinity])
    func aWeightThatIsNoNumber(arguments: [String], value: Float) async throws {
        try Conformance.row("quantizing/compare-nan")
        let workspace = try Workspace()
        let original = try await Products.original.value
        for name in ["blk.1.attn_output.weight", "blk.1.ffn_gate_inp.weight"] {
            let other = try Self.damaged(workspace, original, name, element: 3 * 256 + 5, to: value)
            for models in [[original, other], [other, original]] {
                let outcome = try await Swage.run(["compare"] + models + arguments)
                #expect(outcome.status == 3 && outcome.output.isEmpty)
                #expect(
                    outcome.error.hasPrefix(
                        "swage: \(other): \(name): the weight in row 3, column 5 is \(value), a finite number expected"),
                    "\(outcome.error)")
            }
        }
    }

    /// In the words of the file: a checkpoint's experts are tensors of their own.
    @Test func aCheckpointsWeightThatIsNoNumber() async throws {
        try Conformance.row("quantizing/compare-nan-checkpoint")
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint()
        let name = "model.layers.0.mlp.experts.3.down_proj.weight"
        let shard = try #require(
            (1...3).first {
                try Data(path: "\(checkpoint.path)/\(CheckpointCopy.shard($0))").range(of: Data(name.utf8)) != nil
            })
        // Rows of 224: the experts are 224 wide.
        try checkpoint.setWeight(name, shard: shard, element: 7 * 224 + 200, bits: 0x7fc0)
        let outcome = try await Swage.run(
            "compare", checkpoint.path, try await Products.quantized.value, "--max-rmse", "0.3")
        #expect(outcome.status == 3 && outcome.output.isEmpty)
        #expect(
            outcome.error.contains("\(CheckpointCopy.shard(shard)): \(name): the weight in row 7, column 200 is nan"),
            "\(outcome.error)")
    }

    /// The figures are those of the order that was given.
    @Test func aQuantizedModelAsTheOriginal() async throws {
        try Conformance.row("quantizing/compare-order")
        let (original, quantized) = (try await Products.original.value, try await Products.quantized.value)
        let outcome = try await Swage.run("compare", quantized, original)
        #expect(outcome.status == 0 && outcome.output.contains("everything"))
        #expect(
            outcome.error
                == "warning: \(quantized) was given as the original, and has fewer bits per weight than \(original): they look "
                + "exchanged; the original comes first\n")
        for models in [[original, quantized], [original, original], [quantized, quantized]] {
            #expect(try await Swage.run(["compare"] + models).error.isEmpty)
        }
        // float32 copies of bf16 weights are not quantized.
        #expect(try await Swage.run("compare", original, try await Products.float32.value).error.isEmpty)
    }

    /// Padded experts are wider: what looks exchanged is said before what does not fit.
    @Test func aPaddedQuantizedModelAsTheOriginal() async throws {
        try Conformance.row("quantizing/compare-order")
        let outcome = try await Swage.run(
            "compare", try await Products.quantized.value, try await Products.unpadded.value)
        #expect(outcome.status == 3)
        #expect(outcome.error.contains("they look exchanged") && outcome.error.contains("the shape is"))
    }
}
