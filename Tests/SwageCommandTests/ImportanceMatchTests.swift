import Foundation
import GGUF
import Tensors
import TestSupport
import Testing

/// Importance matrices and second moments that do not match the model: what is refused, what is warned of, and in which words.
@Suite struct ImportanceMatchTests {
    /// A change of the bundled model's matrix, what is said of it, and whether it is used all the same.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let type: String
        let status: Int32
        let words: [String]
        /// What becomes of a weight's sums or counts.
        let change: @Sendable (TensorDescriptor, [UInt8]) -> [(name: String, dimensions: [Int], bytes: [UInt8])]

        init(
            _ name: String, type: String = "Q4_K_M", status: Int32 = 0, _ words: String...,
            change: @escaping @Sendable (TensorDescriptor, [UInt8]) -> [(String, [Int], [UInt8])]
        ) {
            (self.name, self.type, self.status, self.words) = (name, type, status, words)
            self.change = { tensor, bytes in change(tensor, bytes).map { (name: $0.0, dimensions: $0.1, bytes: $0.2) } }
        }

        var testDescription: String { name }
    }

    private static func same(_ tensor: TensorDescriptor, _ bytes: [UInt8]) -> [(String, [Int], [UInt8])] {
        [(tensor.name, tensor.shape.dimensions, bytes)]
    }

    private static let tensors: [Case] = [
        Case("nothing is changed") { same($0, $1) },
        Case(
            "fewer layers", "warning: {matrix}: nothing was collected for blk.3.",
            " more tensors; all columns count alike in them", "collect it again from this model with swage imatrix"
        ) { $0.name.hasPrefix("blk.3.") ? [] : same($0, $1) },
        Case(
            "fewer layers, for a type that needs them", type: "IQ2_XXS", status: 2, "blk.3.",
            "needs an importance matrix"
        ) {
            $0.name.hasPrefix("blk.3.") ? [] : same($0, $1)
        },
        Case(
            "more layers", "warning: {matrix}: it has blk.4.", " more tensors, which the model has not",
            "see that it was collected from this model"
        ) { tensor, bytes in
            let others =
                tensor.name.hasPrefix("blk.3.")
                ? [(tensor.name.replacing("blk.3.", with: "blk.4."), tensor.shape.dimensions, bytes)] : []
            return same(tensor, bytes) + others
        },
        Case(
            "one matrix is missing", "warning: {matrix}: nothing was collected for blk.1.attn_q.weight; all columns"
        ) { $0.name.hasPrefix("blk.1.attn_q.") ? [] : same($0, $1) },
        // llama-imatrix leaves it out.
        Case("the output is missing") { $0.name.hasPrefix("output.") ? [] : same($0, $1) },
    ]

    private static let shapes: [Case] = [
        Case(
            "fewer experts", status: 3, "swage: {matrix}: tensor \"blk.0.ffn_", "× 8 experts, the weight has 256 × 16",
            "use the importance matrix of this very model"
        ) { tensor, bytes in
            let dimensions = tensor.shape.dimensions
            guard tensor.name.contains("_exps."), dimensions.last == 16 else { return same(tensor, bytes) }
            return [(tensor.name, dimensions.dropLast() + [8], Array(bytes.prefix(bytes.count / 2)))]
        },
        Case(
            "another width", status: 3, "swage: {matrix}: tensor \"blk.", "importances of 128 columns",
            "the weight has 256", "use the importance matrix of this very model"
        ) { tensor, bytes in
            let dimensions = tensor.shape.dimensions
            guard tensor.name.contains("attn_"), tensor.name.hasSuffix("in_sum2") else { return same(tensor, bytes) }
            return [(tensor.name, [128] + dimensions.dropFirst(), Array(bytes.prefix(bytes.count / 2)))]
        },
        Case(
            "padding that saw something", status: 3, "swage: {matrix}: tensor \"blk.", "importances of 512 columns",
            "the weight has 256", "use the importance matrix of this very model"
        ) { tensor, bytes in
            let dimensions = tensor.shape.dimensions
            guard tensor.name.contains("ffn_down_exps."), tensor.name.hasSuffix("in_sum2") else {
                return same(tensor, bytes)
            }
            return [(tensor.name, [512] + dimensions.dropFirst(), bytes + bytes)]
        },
    ]

    private func check(_ row: Case) async throws {
        let workspace = try Workspace()
        let original = try await Products.importance.value
        let (file, bytes) = (try GGUFFile(path: original), try tensorBytes(original))
        var tensors: [(tensor: TensorDescriptor, bytes: [UInt8])] = []
        for tensor in file.tensors {
            for changed in row.change(tensor, try #require(bytes[tensor.name])) {
                let shape = try #require(TensorShape(changed.dimensions))
                tensors.append(
                    (try #require(TensorDescriptor(name: changed.name, shape: shape, type: .f32)), changed.bytes))
            }
        }
        let matrix = workspace.file("matrix.gguf")
        var writer = try GGUFWriter(path: matrix, metadata: file.metadata, tensors: tensors.map(\.tensor))
        for (_, bytes) in tensors {
            try bytes.withUnsafeBytes { try writer.append($0) }
            try writer.endTensor()
        }
        try writer.finish()
        let output = workspace.file("out.gguf")
        let outcome = try await Swage.run(
            "quantize", try await Products.original.value, "-o", output, "--type", row.type, "--imatrix", matrix)
        #expect(outcome.status == row.status, "\(outcome.error)")
        for word in row.words {
            #expect(outcome.error.contains(word.replacing("{matrix}", with: matrix)), "\(outcome.error)")
        }
        if row.words.isEmpty { #expect(!outcome.error.contains(matrix), "\(outcome.error)") }
        #expect(workspace.contents.contains("out.gguf") == (row.status == 0))
    }

    @Test(arguments: tensors) func ofOtherTensors(row: Case) async throws {
        try Conformance.row("quantizing/importance-other-tensors")
        try await check(row)
    }

    @Test(arguments: shapes) func ofOtherShapes(row: Case) async throws {
        try Conformance.row("quantizing/importance-other-shape")
        try await check(row)
    }

    /// Eight wide experts, where the file has sixteen of 256.
    @Test func secondMomentsOfAnotherShape() async throws {
        try Conformance.row("quantizing/importance-other-shape")
        let workspace = try Workspace()
        let hessian = workspace.file("hessian.gguf")
        let collected = try await Swage.run(
            "imatrix", try await Products.original.value, "--hessian", hessian, "--context", "64", "--chunks", "1",
            "--text", Products.texts[0])
        #expect(collected.status == 0, "\(collected.error)")
        let outcome = try await Swage.run(
            "quantize", Fixtures.path("models/apus-xdan-tiny"), "-o", workspace.file("out.gguf"), "--type", "Q4_K_M",
            "--hessian", hessian)
        #expect(outcome.status == 3)
        #expect(
            outcome.error.contains(
                "swage: \(hessian): tensor \"blk.0.ffn_down_exps.0.diagonal\": the shape is 256, for the model's inputs 512 "
                    + "expected"), "\(outcome.error)")
        #expect(outcome.error.contains("use the file that was collected from this very model"))
        #expect(!workspace.contents.contains("out.gguf"))
    }
}
