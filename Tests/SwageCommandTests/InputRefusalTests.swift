import Foundation
import TestSupport
import Testing

/// Texts, GGUF files and importance matrices that are damaged or not what they are given as.
@Suite struct InputRefusalTests {
    private static let text = Fixtures.path("text/eval/fiction-en.txt")

    private static func quantize(_ model: String, _ options: String...) -> [String] {
        ["quantize", model, "-o", "{out}", "--type", "IQ1_S"] + options
    }

    private static let texts: [Refusal] = [
        Refusal("text that is not UTF-8", status: 3, "bad.txt: byte 6: the text is not valid UTF-8", "iconv") {
            workspace in
            let bad = try workspace.write("bad.txt", Array("hello ".utf8) + [0xff] + Array(" world".utf8))
            return ["perplexity", Products.checkpoint, "--text", bad]
        },
        Refusal("calibration text that is not UTF-8", status: 3, "bad.txt: byte 3: ", "UTF-8") { workspace in
            let bad = try workspace.write("bad.txt", Array("青".utf8) + [0xe9, 0x9d])
            return ["imatrix", Products.checkpoint, "-o", "{out}", "--text", bad]
        },
        Refusal("text for the tokenizer that is not UTF-8", status: 3, "bad.txt: byte 0: ", "UTF-8") { workspace in
            ["tokenize", Products.checkpoint, "--file", try workspace.write("bad.txt", [0x80])]
        },
        Refusal("text shorter than a window", status: 3, "/short.txt: the text has 5 tokens", "512", "--context") {
            workspace in
            let short = try workspace.write("short.txt", Array("hello world".utf8))
            return ["perplexity", Products.checkpoint, "--text", text, short]
        },
        Refusal("empty text", status: 3, "/empty.txt: the text has 1 token", "--context") { workspace in
            ["imatrix", Products.checkpoint, "-o", "{out}", "--text", try workspace.write("empty.txt", [])]
        },
        Refusal("missing text", status: 3, "/none.txt: cannot open: No such file", "check the path") { workspace in
            ["perplexity", Products.checkpoint, "--text", workspace.file("none.txt")]
        },
        Refusal("a directory for a text", status: 3, "is not a regular file") { workspace in
            ["perplexity", Products.checkpoint, "--text", workspace.path]
        },
        Refusal("text that is not compressed", status: 3, "text.zst: not a valid Zstandard file") { workspace in
            ["perplexity", Products.checkpoint, "--text", try workspace.write("text.zst", Array("hello".utf8))]
        },
    ]

    private static let models: [Refusal] = [
        Refusal("no such model", status: 3, "/none: there is no such file or directory") { workspace in
            quantize(workspace.file("none"))
        },
        Refusal("a directory that is no checkpoint", status: 3, "there is no config.json here") { workspace in
            quantize(workspace.path)
        },
        Refusal("text for a model", status: 3, "not a GGUF file: it begins with 4c 75 63 61") { _ in quantize(text) },
        Refusal("an empty file for a model", status: 3, "not a GGUF file: it begins with nothing") { workspace in
            quantize(try workspace.write("empty.gguf", []))
        },
        Refusal("noise after the magic number", status: 3, "GGUF version", "expected 2 or 3") { workspace in
            quantize(try workspace.write("noise.gguf", Array("GGUF".utf8) + (0..<1000).map { UInt8($0 * 37 % 251) }))
        },
        Refusal("a file cut in its data", status: 3, "/cut.gguf: tensor \"output.weight\": the tensor ends at byte") {
            workspace in
            quantize(try workspace.write("cut.gguf", Data(path: try await Products.original.value).dropLast(1000)))
        },
        Refusal("a file cut in its header", status: 3, "/cut.gguf: ", "remaining bytes cannot hold") { workspace in
            quantize(try workspace.write("cut.gguf", Data(path: try await Products.original.value).prefix(1000)))
        },
        Refusal("an importance matrix for a model", status: 3, "this GGUF holds \"imatrix\", not a model") { _ in
            quantize(try await Products.importance.value)
        },
        Refusal("an importance matrix for a tokenizer", status: 3, "this GGUF holds \"imatrix\", not a model") { _ in
            ["tokenize", try await Products.importance.value, "--text", "a"]
        },
        Refusal("a GGUF with more layers than it could have", status: 3, "bailingmoe.block_count: found 16777216") {
            workspace in
            quantize(try workspace.write("model.gguf", try await original(settingCount: "block_count", to: 1 << 24)))
        },
        Refusal("a GGUF with fewer experts than it uses", status: 3, "bailingmoe.expert_used_count: found 17") {
            workspace in
            quantize(try workspace.write("model.gguf", try await original(settingCount: "expert_used_count", to: 17)))
        },
        Refusal("a GGUF with a layer too many", status: 3, "/model.gguf: blk.4.attn_norm.weight: the tensor is missing")
        {
            workspace in
            let model = try workspace.write("model.gguf", try await original(settingCount: "block_count", to: 5))
            return ["perplexity", model, "--text", text]
        },
    ]

    private static let matrices: [Refusal] = [
        Refusal("no such matrix", status: 3, "/none.gguf: cannot open: No such file") { workspace in
            quantize(try await Products.original.value, "--imatrix", workspace.file("none.gguf"))
        },
        Refusal("a model for a matrix", status: 3, "not an importance matrix: general.type is model") { _ in
            quantize(try await Products.original.value, "--imatrix", try await Products.original.value)
        },
        Refusal("text for a matrix", status: 3, "neither a GGUF file nor an importance matrix", "swage imatrix") { _ in
            quantize(try await Products.original.value, "--imatrix", text)
        },
        Refusal(
            "a matrix of another shape", status: 3, "tensor \"blk.0.ffn_down_exps.weight\"", "192 columns × 16 experts",
            "224 × 16",
            "/narrower.gguf: ", "this very model"
        ) { workspace in
            let matrix = workspace.file("narrower.gguf")
            try await Swage.run(
                "imatrix", Fixtures.path("models/xverse-ent-tiny"), "--pad-experts", "off", "-o", matrix, "--context",
                "64", "--chunks", "1", "--text", text)
            return quantize(try await Products.unpadded.value, "--imatrix", matrix)
        },
        Refusal(
            "a matrix of another model", status: 2, "IQ1_S needs an importance matrix, which is missing for 24 tensors",
            "two-layers.gguf"
        ) { _ in
            quantize(
                try await Products.original.value, "--imatrix", Fixtures.path("golden/importance/two-layers.gguf"))
        },
    ]

    /// The converted model with another value of a 32-bit count.
    private static func original(settingCount key: String, to value: UInt32) async throws -> Data {
        var data = try Data(path: try await Products.original.value)
        let range = try #require(data.range(of: Data("bailingmoe.\(key)".utf8)))
        // Behind the key: four bytes of value type, then the value.
        for byte in 0..<4 { data[range.upperBound + 4 + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
        return data
    }

    @Test(arguments: texts) func refusedTexts(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: models) func refusedModels(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: matrices) func refusedMatrices(refusal: Refusal) async throws { try await refusal.check() }
}
