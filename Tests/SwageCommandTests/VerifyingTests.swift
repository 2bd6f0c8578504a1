import Foundation
import GGUF
import TestSupport
import Testing

/// Files that are verified by themselves and beside what they were made from, as a user would.
@Suite struct VerifyingTests {
    private struct Verified: Decodable {
        struct Finding: Decodable {
            struct Place: Decodable {
                let matrix: Int?
                let row: Int?
                let block: Int?
                let byteOffset: Int?
            }
            let check: String
            let subject: String?
            let place: Place?
        }
        let sound: Bool
        let agrees: Bool?
        let findings: [Finding]
    }

    private func verify(_ arguments: String..., status: Int32) async throws -> Verified {
        let outcome = try await Swage.run(["verify", "--json"] + arguments)
        #expect(outcome.status == status, "\(outcome.error)")
        return try outcome.json(Verified.self)
    }

    /// A copy of a product with some bytes changed.
    private func changed(
        _ workspace: Workspace, _ product: Task<String, any Error>, _ change: (inout Data, GGUFFile) throws -> Void
    ) async throws -> String {
        let path = try await product.value
        var data = try Data(path: path)
        try change(&data, GGUFFile(path: path))
        return try workspace.write("changed.gguf", data)
    }

    private static func start(_ tensor: String, _ file: GGUFFile) throws -> Int {
        file.location(ofTensorAt: try #require(file.index(ofTensor: tensor))).fileOffset
    }

    /// The place of a value of a key, behind its four bytes of type.
    private static func value(of key: String, in data: Data) throws -> Int {
        try #require(data.range(of: Data(key.utf8))).upperBound + 4
    }

    @Test func soundFiles() async throws {
        try Conformance.row("verifying/sound")
        for file in [try await Products.original.value, try await Products.quantized.value, Products.checkpoint] {
            let outcome = try await Swage.run("verify", file)
            #expect(outcome.status == 0 && outcome.output.contains("sound"), "\(outcome.error)")
        }
        // No model, and so without decoder or tokenizer.
        #expect(try await verify(try await Products.importance.value, status: 0).sound)
    }

    @Test func aScaleThatIsNoNumber() async throws {
        try Conformance.row("verifying/block")
        let workspace = try Workspace()
        var offset = 0
        let path = try await changed(workspace, Products.quantized) { data, file in
            // Q4_K, 256 columns: block 0 of row 3.
            offset = try Self.start("blk.1.attn_q.weight", file) + 3 * 144
            data.replaceSubrange(offset..<offset + 2, with: [0, 0x7c])
        }
        let result = try await verify(path, status: 3)
        let finding = try #require(result.findings.first)
        #expect(!result.sound && result.findings.count == 1 && finding.subject == "blk.1.attn_q.weight")
        #expect(finding.place?.row == 3 && finding.place?.block == 0 && finding.place?.byteOffset == offset)
        // llama.cpp's own check of the weights is no more than this one.
        #expect(try await Swage.run("verify", path).error.contains("blk.1.attn_q.weight, row 3, block 0, byte"))
    }

    @Test func keysThatMakeNoModel() async throws {
        try Conformance.row("verifying/model")
        let workspace = try Workspace()
        func found(_ change: (inout Data, GGUFFile) throws -> Void) async throws -> [String] {
            try await verify(try await changed(workspace, Products.original, change), status: 3).findings.map {
                "\($0.check) \($0.subject ?? "")"
            }
        }
        let heads = try await found { data, _ in data[try Self.value(of: "attention.head_count_kv", in: data)] = 3 }
        #expect(heads.contains { $0.hasPrefix("metadata") })
        let layers = try await found { data, _ in data[try Self.value(of: "bailingmoe.block_count", in: data)] = 3 }
        #expect(layers.contains("tensors blk.3.attn_norm.weight"))
        let token = try await found { data, _ in
            data[try Self.value(of: "tokenizer.ggml.eos_token_id", in: data) + 2] = 1
        }
        #expect(token.contains { $0.hasPrefix("tokenizer") && $0.contains("eos_token_id") })
        let kind = try await found { data, _ in
            // Behind the type of the array: that of its elements, and their number.
            data[try Self.value(of: "tokenizer.ggml.token_type", in: data) + 12] = 9
        }
        #expect(kind.contains { $0.hasPrefix("tokenizer") && $0.contains("token_type") })
        let header = try await found { data, _ in data.removeLast(100_000) }
        #expect(header.count == 1 && header[0].hasPrefix("structure"))
    }

    @Test func honestFiles() async throws {
        try Conformance.row("verifying/honest")
        for file in [Products.original, Products.float32, Products.unpadded, Products.quantized] {
            let result = try await verify(try await file.value, "--against", Products.checkpoint, status: 0)
            #expect(result.agrees == true)
        }
        let original = try await Products.original.value
        #expect(try await verify(try await Products.quantized.value, "--against", original, status: 0).agrees == true)
        let workspace = try Workspace()
        let importance = try await Products.importance.value
        for type in ["Q8_0", "IQ3_XXS", "IQ2_S", "IQ1_S", "TQ1_0", "Q1_0", "NVFP4", "Q2_0"] {
            let path = workspace.file("\(type).gguf")
            let made = try await Swage.run(
                "quantize", original, "-o", path, "--type", type, "--imatrix", importance, "--pure")
            try #require(made.status == 0, "\(made.error)")
            #expect(try await verify(path, "--against", Products.checkpoint, status: 0).agrees == true, "\(type)")
        }
    }

    @Test func aCalibratedFile() async throws {
        try Conformance.row("verifying/calibrated")
        let workspace = try Workspace()
        let path = workspace.file("calibrated.gguf")
        let made = try await Swage.run(
            "quantize", Products.checkpoint, "-o", path, "--type", "IQ2_XXS", "--calibrate", Products.texts[0],
            "--calibration-chunks", "4")
        try #require(made.status == 0, "\(made.error)")
        #expect(try await verify(path, "--against", Products.checkpoint, status: 0).agrees == true)
    }

    @Test func weightsOfElsewhere() async throws {
        try Conformance.row("verifying/other-weights")
        let workspace = try Workspace()
        func found(_ change: (inout Data, GGUFFile) throws -> Void) async throws -> [Verified.Finding] {
            let path = try await changed(workspace, Products.quantized, change)
            return try await verify(path, "--against", Products.checkpoint, status: 5).findings
        }
        let name = "blk.2.ffn_up_exps.weight"
        let swapped = try await found { data, file in
            let tensor = file.tensors[try #require(file.index(ofTensor: name))]
            let (start, size) = (try Self.start(name, file), tensor.byteCount / 16)
            let places = [start + 2 * size..<start + 3 * size, start + 5 * size..<start + 6 * size]
            let experts = places.map { data.subdata(in: $0) }
            data.replaceSubrange(places[0], with: experts[1])
            data.replaceSubrange(places[1], with: experts[0])
        }
        #expect(swapped.count == 1 && swapped[0].subject == name && swapped[0].place?.matrix == 2)
        let copied = try await found { data, file in
            let start = try Self.start("blk.0.attn_k.weight", file)
            data.replaceSubrange(start + 144..<start + 288, with: data.subdata(in: start + 1440..<start + 1584))
        }
        #expect(copied.count == 1 && copied[0].subject == "blk.0.attn_k.weight" && copied[0].place?.row == 1)
        let norm = try await found { data, file in data[try Self.start("output_norm.weight", file) + 8] ^= 1 }
        #expect(norm.count == 1 && norm[0].subject == "output_norm.weight")
        let base = try await found { data, _ in data[try Self.value(of: "rope.freq_base", in: data) + 2] ^= 1 }
        #expect(base.count == 1 && base[0].subject?.contains("rope.freq_base") == true)
    }

    /// The same shapes, other weights: columns turned around.
    @Test func anotherModelOfTheShape() async throws {
        try Conformance.row("verifying/other-model")
        let workspace = try Workspace()
        let path = try await changed(workspace, Products.float32) { data, file in
            for (index, tensor) in file.tensors.enumerated() where tensor.shape.rank > 1 {
                let start = file.location(ofTensorAt: index).fileOffset
                let half = data.subdata(in: start..<start + tensor.byteCount / 2)
                data.replaceSubrange(
                    start..<start + tensor.byteCount / 2,
                    with: data.subdata(in: start + tensor.byteCount / 2..<start + tensor.byteCount))
                data.replaceSubrange(start + tensor.byteCount / 2..<start + tensor.byteCount, with: half)
            }
        }
        let quantized = workspace.file("other.gguf")
        try #require(try await Swage.run("quantize", path, "-o", quantized, "--type", "Q4_K_M").status == 0)
        #expect(try await verify(quantized, status: 0).sound)
        let result = try await verify(quantized, "--against", Products.checkpoint, status: 5)
        #expect(result.agrees == false && result.findings.count > 40)
    }

    @Test func aColumnScaledBeforeQuantization() async throws {
        try Conformance.row("verifying/scaled-column")
        let workspace = try Workspace()
        let name = "blk.1.ffn_gate_exps.weight"
        let path = try await changed(workspace, Products.float32) { data, file in
            let start = try Self.start(name, file)
            data.withUnsafeMutableBytes { bytes in
                for row in 0..<256 {
                    let place = start + 4 * (256 * 256 * 7 + 256 * row + 40)
                    let value = bytes.loadUnaligned(fromByteOffset: place, as: Float.self)
                    bytes.storeBytes(of: value * 1.5, toByteOffset: place, as: Float.self)
                }
            }
        }
        for type in ["Q8_0", "Q4_K_S", "IQ4_XS"] {
            let quantized = workspace.file("\(type).gguf")
            try #require(try await Swage.run("quantize", path, "-o", quantized, "--type", type).status == 0)
            let result = try await verify(quantized, "--against", Products.checkpoint, status: 5)
            #expect(Set(result.findings.map(\.subject)) == [name], "\(type)")
            #expect(result.findings.first?.place?.matrix == 7, "\(type)")
        }
    }

    @Test func hashesSurviveSplitting() async throws {
        try Conformance.row("verifying/hash")
        let workspace = try Workspace()
        let path = try await Products.quantized.value
        let hashes = try await Swage.run("hash", path)
        let manifest = try workspace.write("manifest", Array(hashes.output.utf8))
        let split = try await Swage.run(
            "split", path, "-o", workspace.file("part"), "--max-tensors", "20")
        try #require(split.status == 0, "\(split.error)")
        let part = try #require(split.output.split(separator: "\n").last.map(String.init))
        let checked = try await Swage.run("hash", part, "--check", manifest)
        #expect(checked.status == 0 && checked.output.hasSuffix("  -  Ok\n"), "\(checked.error)")
        let other = try await changed(workspace, Products.quantized) { data, _ in data[data.count - 64] ^= 1 }
        let refused = try await Swage.run("hash", other, "--check", manifest)
        #expect(refused.status == 5 && refused.output.contains("  -  Mismatch\n"))
        #expect(try await Swage.run("hash", path, "--check", path).status == 3)
        #expect(try await Swage.run("hash", path, "--check", manifest, "--no-layer").status == 2)
    }
}
