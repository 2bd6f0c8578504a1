import Foundation
import GGUF
import TestSupport
import Testing

/// `swage imatrix --hessian` and `swage quantize --hessian`.
@Suite struct HessianTests {
    private static let texts = ["fiction-en", "web-zh"].map { Fixtures.path("text/calib/\($0).txt") }
    private static let windows = ["--context", "256", "--chunks", "4", "--text"] + texts

    /// Second moments of the bundled model, and the importance matrix of the same run.
    private static let collected = Task { try await collect(Products.original) }
    private static let collectedOfShallow = Task { try await collect(Products.shallow) }

    private static func collect(
        _ model: Task<String, any Error>
    ) async throws -> (workspace: Workspace, hessian: String, importance: String) {
        let workspace = try Workspace()
        let (hessian, importance) = (workspace.file("hessian.gguf"), workspace.file("importance.gguf"))
        let outcome = try await Swage.run(
            ["imatrix", try await model.value, "--hessian", hessian, "-o", importance] + windows)
        try #require(outcome.status == 0, "\(outcome.error)")
        #expect(workspace.contents == ["hessian.gguf", "importance.gguf"])
        return (workspace, hessian, importance)
    }

    private static func quantize(
        _ output: String, _ options: [String], type: String = "IQ2_XXS",
        of model: Task<String, any Error> = Products.original
    ) async throws {
        let outcome = try await Swage.run(
            ["quantize", try await model.value, "-o", output, "--type", type] + options)
        try #require(outcome.status == 0, "\(outcome.error)")
    }

    /// Its diagonals are the sums that an importance matrix has, where all rows count the same, and so are its counts.
    @Test func isAnImportanceMatrixAndMore() async throws {
        let workspace = try Workspace()
        let (_, hessian, importance) = try await Self.collected.value
        let alone = workspace.file("alone.gguf")
        let outcome = try await Swage.run(
            ["imatrix", try await Products.original.value, "-o", alone] + Self.windows)
        #expect(outcome.status == 0)
        #expect(try Data(path: alone) == Data(path: importance))

        let file = try GGUFFile(path: hessian)
        #expect(file.metadata.string("general.type") == "hessian")
        #expect(file.metadata.strings("hessian.datasets") == ["fiction-en", "web-zh"])
        #expect(file.metadata.integer("hessian.chunk_count") == 8)
        #expect(file.metadata.integer("hessian.chunk_size") == 256)
        let (ours, sums) = (try tensorBytes(hessian), try tensorBytes(importance))
        func floats(_ bytes: [UInt8]?) -> [Float] {
            (bytes ?? []).withUnsafeBytes { buffer in
                stride(from: 0, to: buffer.count, by: 4).map {
                    Float(bitPattern: UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
                }
            }
        }
        var checked = 0
        for (name, tensor) in ours where name.hasSuffix(".diagonal") {
            let parts = name.split(separator: ".")
            guard parts[0] == "blk" else { continue }
            let expert = parts.count == 5 ? Int(parts[3]) ?? 0 : 0
            for stem in parts[2].split(separator: "+") {
                let weight = "blk.\(parts[1]).\(stem).weight"
                let diagonal = floats(tensor)
                let all = floats(sums["\(weight).in_sum2"])
                let expected = all[expert * diagonal.count..<(expert + 1) * diagonal.count]
                let greatest = try #require(expected.max())
                if stem.hasSuffix("_exps") {
                    // Routing weights are below 1.
                    #expect(zip(diagonal, expected).allSatisfy { $0 <= $1 + 1e-5 * greatest }, "\(name)")
                } else {
                    #expect(zip(diagonal, expected).allSatisfy { abs($0 - $1) <= 1e-5 * greatest }, "\(name)")
                }
                let count = try #require(ours[name.replacing(".diagonal", with: ".rows")])
                    .withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) }
                #expect(Float(count) == floats(sums["\(weight).counts"])[expert], "\(name)")
                checked += 1
            }
        }
        #expect(checked > 100)
    }

    /// The same types and bytes as with an importance matrix, and less divergence.
    @Test(arguments: [("IQ2_XXS", 0.75), ("Q4_K_M", 0.9)])
    func isNearerToTheOriginal(type: String, share: Double) async throws {
        let workspace = try Workspace()
        let (_, hessian, importance) = try await Self.collected.value
        let (plain, fitted) = (workspace.file("plain.gguf"), workspace.file("fitted.gguf"))
        try await Self.quantize(plain, ["--imatrix", importance], type: type)
        try await Self.quantize(fitted, ["--hessian", hessian], type: type)
        let (a, b) = (try GGUFFile(path: plain), try GGUFFile(path: fitted))
        #expect(a.tensors == b.tensors)
        #expect(b.metadata.strings("swage.calibration.texts") == ["fiction-en", "web-zh"])
        #expect(b.metadata.string("swage.calibration.hessian") == "hessian.gguf")
        #expect(b.metadata.string("quantize.imatrix.file") == nil)
        var divergences: [Double] = []
        for file in [plain, fitted] {
            let outcome = try await Swage.run(
                "perplexity", file, "--reference", try await Products.original.value, "--json", "--chunks", "4",
                "--text", Fixtures.path("text/eval/fiction-en.txt"))
            divergences.append(try #require(try outcome.json(PerplexityReport.self).texts[0].divergence?.mean.value))
        }
        #expect(divergences[1] < share * divergences[0], "\(divergences)")
    }

    @Test func threadsChangeNothing() async throws {
        let workspace = try Workspace()
        var files: [[Data]] = []
        for threads in ["1", "2", "3"] {
            let (hessian, output) = (workspace.file("hessian.gguf"), workspace.file("out.gguf"))
            let outcome = try await Swage.run(
                [
                    "imatrix", try await Products.shallow.value, "--hessian", hessian, "--overwrite", "--threads",
                    threads,
                ]
                    + Self.windows)
            #expect(outcome.status == 0, "\(outcome.error)")
            try await Self.quantize(
                output, ["--hessian", hessian, "--threads", threads, "--overwrite"], of: Products.shallow)
            files.append([try Data(path: hessian), try Data(path: output)])
        }
        #expect(files[0] == files[1] && files[0] == files[2])
    }

    /// What is fitted needs no importance matrix, and takes none.
    @Test func standsAlone() async throws {
        let workspace = try Workspace()
        let (_, hessian, importance) = try await Self.collectedOfShallow.value
        let (alone, both) = (workspace.file("alone.gguf"), workspace.file("both.gguf"))
        let model = Products.shallow
        try await Self.quantize(alone, ["--hessian", hessian], type: "IQ1_S", of: model)
        try await Self.quantize(both, ["--hessian", hessian, "--imatrix", importance], type: "IQ1_S", of: model)
        #expect(try tensorBytes(alone) == tensorBytes(both))
        #expect(try GGUFFile(path: both).metadata.string("quantize.imatrix.file") == "importance.gguf")
    }

    /// Experts of 224 and of 256, shared ones of 448 and 512: the same bytes, whichever was seen.
    @Test(arguments: ["IQ2_XXS", "Q4_K_M"])
    func paddingIsTranslated(type: String) async throws {
        try Conformance.row("quantizing/hessian-padding")
        let workspace = try Workspace()
        let folder = workspace.file("narrow")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Of the same name, which the written models say.
        let (wide, narrow) = (try await Self.collectedOfShallow.value.hessian, folder + "/hessian.gguf")
        let plain = try await Products.unpaddedShallow.value
        let collected = try await Swage.run(["imatrix", plain, "--hessian", narrow] + Self.windows)
        try #require(collected.status == 0, "\(collected.error)")
        for model in [try await Products.shallow.value, plain] {
            var files: [Data] = []
            for hessian in [wide, narrow] {
                let output = workspace.file("out.gguf")
                let outcome = try await Swage.run(
                    "quantize", model, "-o", output, "--type", type, "--hessian", hessian, "--overwrite")
                try #require(outcome.status == 0, "\(outcome.error)")
                #expect(!outcome.error.contains("another model"))
                files.append(try Data(path: output))
            }
            #expect(files[0] == files[1], "\(model)")
        }
    }

    /// A file that was changed at an element of a tensor.
    private static func damaged(_ workspace: Workspace, _ tensor: String, _ bytes: [UInt8]) async throws -> String {
        let original = try await collected.value.1
        let file = try GGUFFile(path: original)
        let start = file.location(ofTensorAt: try #require(file.index(ofTensor: tensor))).fileOffset
        var data = try Data(path: original)
        data.replaceSubrange(start..<start + bytes.count, with: bytes)
        return try workspace.write("damaged.gguf", data)
    }

    private static func refused(_ hessian: String, _ options: String...) async throws -> [String] {
        ["quantize", try await Products.original.value, "-o", "{out}", "--type", "IQ2_XXS", "--hessian", hessian]
            + options
    }

    private static let refusals: [Refusal] = [
        Refusal("an importance matrix", status: 3, "general.type is imatrix, expected hessian") { _ in
            try await refused(try await collected.value.2)
        },
        Refusal("another model", status: 3, "/hessian.gguf: tensor \"blk.", "from this very model") { _ in
            [
                "quantize", try await Products.tinyBase.value, "-o", "{out}", "--type", "Q8_0", "--hessian",
                try await collected.value.1,
            ]
        },
        Refusal("cut off", status: 3, "/damaged.gguf: ") { workspace in
            let data = try Data(path: try await collected.value.1)
            return try await refused(try workspace.write("damaged.gguf", data.prefix(data.count / 2)))
        },
        Refusal(
            "a sum that is none", status: 3, "blk.0.attn_output.diagonal", "column 0 is nan", "collect it again"
        ) { workspace in
            try await refused(try await damaged(workspace, "blk.0.attn_output.diagonal", [0, 0, 0xc0, 0x7f]))
        },
        Refusal(
            "a correlation that is none", status: 3, "blk.0.attn_output.correlations", "columns 0 and 1 is 2.0",
            "from -1 to 1"
        ) { workspace in
            try await refused(try await damaged(workspace, "blk.0.attn_output.correlations", [0, 0x40]))
        },
        Refusal("little memory", status: 4, "second moments needs", "--memory") { _ in
            try await refused(try await collected.value.1, "--memory", "40M")
        },
        Refusal("calibration too", status: 2, "--hessian and --calibrate exclude each other") { _ in
            try await refused(try await collected.value.1, "--calibrate", texts[0])
        },
        Refusal("little memory to collect in", status: 4, "of 8 windows need", "would fit", "--chunks") { _ in
            ["imatrix", try await Products.original.value, "--hessian", "{out}", "--memory", "40M"] + windows
        },
        Refusal("merging second moments", status: 2, "--hessian belongs to a model") { _ in
            ["imatrix", "--merge", try await collected.value.2, "-o", "{out}", "--hessian", "{out}.h"]
        },
        Refusal("one name for both", status: 2, "must be different files") { _ in
            ["imatrix", try await Products.original.value, "--hessian", "{out}", "-o", "{out}"] + windows
        },
        Refusal("second moments as a model", status: 3, "this GGUF holds \"hessian\"") { _ in
            ["quantize", try await collected.value.1, "-o", "{out}", "--type", "Q8_0"]
        },
    ]

    @Test(arguments: refusals)
    func refuses(_ refusal: Refusal) async throws { try await refusal.check() }
}
