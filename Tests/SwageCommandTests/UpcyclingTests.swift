import Foundation
import TestSupport
import Testing

/// `swage upcycle` as a user types it.
@Suite struct UpcyclingTests {
    private static let dense = Fixtures.path("models/xverse-dense-tiny")
    private static let text = Fixtures.path("text/eval/fiction-en.txt")
    private static let shape = ["--experts", "16", "--granularity", "4", "--shared", "2", "--top-k", "6"]

    private func upcycle(_ output: String, _ more: [String] = [], dense: String = dense) async throws -> Swage.Outcome {
        try await Swage.run(["upcycle", dense, "-o", output] + Self.shape + more)
    }

    /// The checkpoint computes the same, is looked at, converted, quantized and measured as any other.
    @Test func theResultIsACheckpointAsAnyOther() async throws {
        let workspace = try Workspace()
        let folder = workspace.file("moe")
        let made = try await upcycle(folder, ["--check", Self.text, "--context", "64", "--chunks", "2"])
        #expect(made.status == 0, "\(made.error)")
        #expect(made.output.contains("it computes what the dense model computes"))
        #expect(made.error.hasPrefix("wrote \(folder)/"))
        let inspected = try await Swage.run("inspect", folder)
        #expect(
            inspected.output.contains("2 slices of one dense block, in 8 virtual groups (0–1, 2–3, 4–5, …), in all 2"))
        let json = try await Swage.run("inspect", folder, "--json")
        let object = try #require(JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let layers = try #require(object["experts"] as? [[String: Any]])
        #expect(layers.count == 2 && layers[0]["slicesOfOneBlock"] as? Bool == true)
        let (file, small) = (workspace.file("moe.gguf"), workspace.file("small.gguf"))
        let converted = try await Swage.run("convert", folder, "-o", file)
        #expect(converted.status == 0, "\(converted.error)")
        let importance = workspace.file("importance.gguf")
        let collected = try await Swage.run(
            "imatrix", folder, "-o", importance, "--text", Self.text, "--context", "64", "--chunks", "2")
        #expect(collected.status == 0, "\(collected.error)")
        let quantized = try await Swage.run(
            "quantize", folder, "-o", small, "--type", "Q8_0", "--imatrix", importance)
        #expect(quantized.status == 0, "\(quantized.error)")
        let report = try await Swage.run(
            "report", "--model", "dense=\(Self.dense)", "--model", "moe=\(file)", "--model", "small=\(small)", "--text",
            "t=\(Self.text)", "--context", "64", "--chunks", "1")
        #expect(report.status == 0 && report.output.contains("small"), "\(report.error)")
    }

    /// Experts that should compute the same and do not are a failed check, though all is written.
    ///
    /// The blocks' outputs are large numbers that cancel out, so that their sums depend on the order.
    @Test func expertsThatDoNotComputeTheSame() async throws {
        try Conformance.row("upcycling/sums-that-cancel-out")
        let workspace = try Workspace()
        let dense = workspace.file("dense")
        try FileManager.default.copyItem(atPath: Self.dense, toPath: dense)
        try cancelBlocks(in: dense + "/model.safetensors")
        let made = try await upcycle(
            workspace.file("moe"), ["--check", Self.text, "--context", "64", "--chunks", "2"], dense: dense)
        #expect(made.status == 5, "\(made.error)")
        #expect(made.error.contains("should compute what the dense model computes"))
        #expect(FileManager.default.fileExists(atPath: workspace.file("moe/config.json")))
    }

    /// Makes the second half of each block of two layers, 64 wide with an inner 128, the first half's negative, and both 2²⁰
    /// times as large.
    private func cancelBlocks(in path: String) throws {
        let (width, inner) = (64, 128)
        var bytes = try Data(path: path)
        let start = 8 + bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
        let header = try #require(JSONSerialization.jsonObject(with: bytes[8..<start]) as? [String: Any])
        func offset(_ layer: Int, _ matrix: String) throws -> Int {
            let entry = try #require(header["model.layers.\(layer).mlp.\(matrix)_proj.weight"] as? [String: Any])
            return start + (try #require(entry["data_offsets"] as? [Int]))[0]
        }
        for layer in 0..<2 {
            for matrix in ["gate", "up"] {
                let (first, half) = (try offset(layer, matrix), inner * width)
                bytes.replaceSubrange(first + half..<first + 2 * half, with: bytes[first..<first + half])
            }
            let down = try offset(layer, "down")
            for (row, column) in (0..<width).flatMap({ row in (0..<inner / 2).map { (row, $0) } }) {
                let place = down + 2 * (row * inner + column)
                let value = (UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8) &+ 20 << 7
                for (place, value) in [(place, value), (place + inner, value ^ 0x8000)] {
                    bytes[place] = UInt8(truncatingIfNeeded: value)
                    bytes[place + 1] = UInt8(value >> 8)
                }
            }
        }
        try bytes.write(to: URL(filePath: path))
    }

    /// Of changed experts it is told how far they are, and nothing more is asked of them.
    @Test func changedExpertsMayDiffer() async throws {
        let workspace = try Workspace()
        let made = try await upcycle(
            workspace.file("moe"), ["--noise", "0.1", "--check", Self.text, "--context", "64", "--chunks", "2"])
        #expect(made.status == 0 && made.output.contains("not exact: each expert is changed by itself"))
        #expect(!made.output.contains("it computes what"))
    }

    /// What changed experts do is measured without being asked for.
    @Test func changedExpertsAreMeasured() async throws {
        let workspace = try Workspace()
        let made = try await upcycle(workspace.file("moe"), ["--drop", "0.5", "--context", "32", "--chunks", "1"])
        #expect(made.status == 0 && made.output.contains("conversation-zh"), "\(made.error)")
        let card = try String(decoding: Data(path: workspace.file("moe/README.md")), as: UTF8.self)
        #expect(card.contains("| conversation-zh |") && card.contains("| Re-initialized | 0.5"))
    }

    @Test func aDryRunWritesNothing() async throws {
        let workspace = try Workspace()
        let shown = try await upcycle(workspace.file("moe"), ["--dry-run"])
        #expect(shown.status == 0 && shown.output.contains("16 experts, in 8 virtual groups of 2, 6 for each token"))
        #expect(workspace.contents.isEmpty)
    }

    /// A folder that is there stays, unless it may be replaced.
    @Test func foldersThatAreThere() async throws {
        try Conformance.row("upcycling/somebody-elses-licence")
        let workspace = try Workspace()
        let folder = workspace.file("moe")
        #expect(try await upcycle(folder).status == 0)
        let before = try Data(path: folder + "/model.safetensors")
        let refused = try await upcycle(folder, ["--seed", "3"])
        #expect(refused.status == 2 && refused.error.contains("--overwrite"))
        #expect(try Data(path: folder + "/model.safetensors") == before)
        // Whose terms these are is not known: the dense checkpoint brings none.
        try Data("mine".utf8).write(to: URL(filePath: folder + "/LICENSE"))
        let replaced = try await upcycle(folder, ["--seed", "3", "--overwrite"])
        #expect(replaced.status == 0, "\(replaced.error)")
        #expect(try Data(path: folder + "/LICENSE") == Data("mine".utf8))
        #expect(try Data(path: folder + "/model.safetensors") != before)
    }

    /// Lines that are refused, with the exit code and words of what would work.
    @Test(arguments: [
        (["--experts", "16", "--granularity", "5", "--top-k", "5"], Int32(2), "--granularity 4 or 8 would work"),
        (["--experts", "15", "--granularity", "4", "--top-k", "4"], 2, "--experts 12 or 16 would work"),
        (["--experts", "16", "--granularity", "4", "--top-k", "6"], 2, "--top-k 4 or 8 would work"),
        (["--experts", "16", "--shared", "1", "--top-k", "6"], 2, "--granularity 2"),
        (
            ["--experts", "16", "--granularity", "4", "--shared", "1", "--form", "mixtral", "--top-k", "6"], 2,
            "--shared 0"
        ),
        (["--experts", "0", "--top-k", "6"], 2, "--experts must be at least 1"),
        (["--experts", "4", "--top-k", "2", "--noise", "0.1", "--drop", "0.5"], 2, "exclude each other"),
        (["--experts", "4", "--top-k", "2", "--drop", "1.5"], 2, "--drop must be above 0"),
    ])
    func refusals(options: [String], status: Int32, words: String) async throws {
        let workspace = try Workspace()
        let outcome = try await Swage.run(["upcycle", Self.dense, "-o", workspace.file("moe")] + options)
        #expect(outcome.status == status && outcome.error.contains(words), "\(outcome.status) \(outcome.error)")
        #expect(workspace.contents.isEmpty)
    }

    /// What is no dense checkpoint.
    @Test func modelsThatAreNotUpcycled() async throws {
        try Conformance.row("upcycling/a-mixture-already")
        let workspace = try Workspace()
        let mixture = try await upcycle(workspace.file("moe"), dense: Fixtures.path("models/xverse-moe-tiny"))
        #expect(mixture.status == 2 && mixture.error.contains("is a mixture of 16 experts already"))
        let file = try await upcycle(workspace.file("moe"), dense: try await Products.tinyBase.value)
        #expect(file.status == 2 && file.error.contains("only checkpoints are upcycled"))
        let none = try await upcycle(workspace.file("moe"), dense: workspace.file("none"))
        #expect(none.status == 3)
        let inItself = try await upcycle(Self.dense)
        #expect(inItself.status == 2)
    }

    /// A disk without room is told before anything is written, with the number of experts that it has room for.
    @Test func tooLittleRoom() async throws {
        let workspace = try Workspace()
        // A sparse dense checkpoint whose experts would take many terabytes.
        let hollow = try HollowDense(workspace)
        let outcome = try await Swage.run(
            "upcycle", hollow.path, "-o", workspace.file("moe"), "--experts", "1024", "--top-k", "2")
        #expect(outcome.status == 4 && outcome.error.contains("are free on this disk"), "\(outcome.error)")
        #expect(outcome.error.contains("make at most --experts"))
        #expect(!FileManager.default.fileExists(atPath: workspace.file("moe")))
    }
}

/// A sparse dense checkpoint of one layer with wide blocks, all of whose weights are 0.
private struct HollowDense {
    let path: String

    private static let width = 8192
    private static let inner = 131_072

    init(_ workspace: Workspace) throws {
        path = workspace.file("hollow")
        let original = Fixtures.path("models/xverse-dense-tiny")
        try FileManager.default.copyItem(atPath: original, toPath: path)
        let url = URL(filePath: path + "/config.json")
        var config = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
        config["hidden_size"] = Self.width
        config["intermediate_size"] = Self.inner
        config["num_hidden_layers"] = 1
        try JSONSerialization.data(withJSONObject: config).write(to: url)
        let (width, inner) = (Self.width, Self.inner)
        let layer = "model.layers.0."
        let tensors: [(String, [Int])] = [
            ("model.embed_tokens.weight", [272, width]), ("lm_head.weight", [272, width]),
            ("model.norm.weight", [width]), (layer + "input_layernorm.weight", [width]),
            (layer + "post_attention_layernorm.weight", [width]), (layer + "self_attn.q_proj.weight", [width, width]),
            (layer + "self_attn.k_proj.weight", [width / 2, width]),
            (layer + "self_attn.v_proj.weight", [width / 2, width]),
            (layer + "self_attn.o_proj.weight", [width, width]), (layer + "mlp.gate_proj.weight", [inner, width]),
            (layer + "mlp.up_proj.weight", [inner, width]), (layer + "mlp.down_proj.weight", [width, inner]),
        ]
        var (header, offset) = ([String: Any](), 0)
        for (name, shape) in tensors {
            let end = offset + 2 * shape.reduce(1, *)
            header[name] = ["dtype": "BF16", "shape": shape, "data_offsets": [offset, end]]
            offset = end
        }
        let text = try JSONSerialization.data(withJSONObject: header)
        let weights = path + "/model.safetensors"
        try (Data((0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }) + text).write(
            to: URL(filePath: weights))
        let handle = try #require(FileHandle(forUpdatingAtPath: weights))
        try handle.truncate(atOffset: UInt64(8 + text.count + offset))
        try handle.close()
    }
}
