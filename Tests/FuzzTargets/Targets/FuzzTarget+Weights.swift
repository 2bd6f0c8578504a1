import Files
import Foundation
import GGUF
import Models
import Pipelines
import SafetensorsIO
import TestSupport
import TorchArchive
import Verification

extension FuzzTarget {
    private static let ggufWords = [
        "GGUF", "general.alignment", "general.architecture", "general.type", "split.count", "split.no",
        "split.tensors.count", "tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type",
        "tokenizer.ggml.merges", "tokenizer.ggml.model", "tokenizer.ggml.pre", "llama", "llama.block_count",
        "llama.expert_count", "llama.rope.scaling.type", "token_embd.weight", "output.weight", "blk.0.attn_q.weight",
    ]

    /// Files of weights, and those that belong together.
    static let weightFiles: [FuzzTarget] = [
        FuzzTarget("gguf", .binary, words: ggufWords) { _ in
            try fixtures(in: "golden/gguf", suffix: ".gguf") + fixtures(in: "hostile/terminal", suffix: ".gguf")
                + fixtures("golden/predictions/importance.gguf")
        } prepare: { workplace in
            { bytes in
                let path = try workplace.write(bytes, as: "model.gguf")
                let file = try GGUFFile(path: path)
                Use.metadata(file.metadata)
                for part in file.parts { Use.metadata(part.metadata) }
                try Use.tensors(file)
            }
        },
        FuzzTarget("gguf-model", .binary, words: ggufWords) { workplace in
            try ["llama-linear", Workplace.modelName].flatMap { name in
                try [false, true].map { isVocabularyOnly in
                    try converted(workplace.checkpoint(name), in: workplace, isVocabularyOnly: isVocabularyOnly)
                }
            }
        } prepare: { workplace in
            { bytes in try Use.model(Model.open(workplace.write(bytes, as: "model.gguf"))) }
        },
        FuzzTarget("gguf-split", .binary, words: ggufWords) { _ in
            let parts = try fixtures(in: "golden/gguf", suffix: "-of-00003.gguf")
            return [PartedInput(parts).bytes, PartedInput([parts[0]]).bytes, PartedInput([parts[0], parts[2]]).bytes]
        } prepare: { workplace in
            { bytes in
                let parts = PartedInput(bytes).parts
                let paths = try parts.enumerated().map { number, part in
                    try workplace.write(part, as: String(format: "model-%05d-of-%05d.gguf", number + 1, parts.count))
                }
                for path in [paths[0], paths[paths.count - 1]] {
                    let file = try GGUFFile(path: path)
                    Use.metadata(file.metadata)
                    try Use.tensors(file)
                }
            }
        },
        FuzzTarget(
            "safetensors", .binary,
            words: ["__metadata__", "dtype", "shape", "data_offsets", "BF16", "F8_E4M3", "I64", "BOOL", "[0,", "\":{"]
        ) { _ in
            try fixtures(
                "golden/safetensors/types.safetensors", "golden/torch/types.safetensors",
                "golden/torch/views.safetensors", "golden/torch/numbers/model.safetensors")
        } prepare: { workplace in
            { bytes in
                let set = try SafetensorsSet(file: workplace.write(bytes, as: "model.safetensors"))
                _ = set.files[0].metadata
                try Use.tensors(set)
            }
        },
        FuzzTarget("safetensors-index", .json, words: ["weight_map", "metadata", "total_size", ".safetensors"]) { _ in
            let shards = ["a.safetensors", "b.safetensors"]
            let names = try zip(shards, ["types", "views"]).map { shard, name in
                try SafetensorsFile(path: Fixtures.path("golden/torch/\(name).safetensors")).tensors.map {
                    "\"\($0.name)\": \"\(shard)\""
                }
            }
            let map = "{\"weight_map\": {\(names.joined().joined(separator: ", "))}}"
            return try [Array(map.utf8)] + fixtures("models/apus-xdan-tiny/model.safetensors.index.json")
        } prepare: { workplace in
            let folder = try workplace.folder("set")
            for (shard, name) in [("a", "types"), ("b", "views")] {
                try workplace.write(fixtures("golden/torch/\(name).safetensors")[0], as: "set/\(shard).safetensors")
            }
            return { bytes in
                try workplace.write(bytes, as: "set/model.safetensors.index.json")
                try Use.tensors(SafetensorsSet(directory: folder))
            }
        },
        FuzzTarget(
            "torch", .binary,
            words: [
                "PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "PK\u{6}\u{6}", "PK\u{6}\u{7}", "data.pkl", "byteorder",
                "little", "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch\nFloatStorage\n",
                "ccollections\nOrderedDict\n",
                "storage", "cpu", "ctorch\nBFloat16Storage\n", "(K\u{1}t", "}q\u{0}",
            ]
        ) { _ in
            try fixtures(in: "golden/torch", suffix: ".bin") + fixtures(in: "golden/torch/protocols", suffix: ".bin")
                + fixtures(in: "golden/torch/refused", suffix: ".bin")
        } prepare: { workplace in
            { bytes in try Use.tensors(TorchArchiveSet(file: workplace.write(bytes, as: "pytorch_model.bin"))) }
        },
        FuzzTarget("hashes", .text, words: ["sha256", "weights", "xxh64", "  -  Ok", "  -  Mismatch", "\r\n"]) { _ in
            let digest = String(repeating: "0123456789abcdef", count: 4)
            return [Array("sha256 \(digest)  a.gguf:token_embd.weight\nsha256 \(digest)  a.gguf  -  Ok\n".utf8)]
        } prepare: { workplace in
            { bytes in _ = try HashManifest(contentsOf: workplace.write(bytes, as: "hashes")).entries }
        },
    ]

    /// A checkpoint as a GGUF.
    static func converted(_ checkpoint: String, in workplace: Workplace, isVocabularyOnly: Bool) throws -> [UInt8] {
        var conversion = Conversion(parallel: .init(threadCount: 1))
        conversion.isVocabularyOnly = isVocabularyOnly
        let path = workplace.file("seed.gguf")
        _ = try conversion.run(Model.open(checkpoint), output: path) { _ in }
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try ReadableFile.contents(of: path)
    }
}

/// Several files in one input: their number less one, a length of 16 bits for each but the last, and their bytes.
struct PartedInput {
    static let greatestCount = 4
    let parts: [[UInt8]]

    init(_ parts: [[UInt8]]) { self.parts = parts }

    init(_ bytes: [UInt8]) {
        guard let first = bytes.first else {
            parts = [[]]
            return
        }
        let lengthCount = min(Int(first) % Self.greatestCount, (bytes.count - 1) / 2)
        var rest = bytes.dropFirst(1 + 2 * lengthCount)
        var parts: [[UInt8]] = []
        for number in 0..<lengthCount {
            let length = Int(bytes[1 + 2 * number]) | Int(bytes[2 + 2 * number]) << 8
            parts.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        self.parts = parts + [Array(rest)]
    }

    var bytes: [UInt8] {
        let lengths = parts.dropLast().flatMap { [UInt8(truncatingIfNeeded: $0.count), UInt8($0.count >> 8)] }
        return [UInt8(parts.count - 1)] + lengths + parts.joined()
    }
}
