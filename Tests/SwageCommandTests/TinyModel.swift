import Foundation
import GGUF
import Testing

/// A copy of a tiny float32 GGUF whose weights may be damaged.
struct TinyModel {
    let path: String

    init(_ workspace: Workspace, of original: Task<String, any Error> = Products.tinyBase) async throws {
        let original = try await original.value
        path = try workspace.write("model-of-\(URL(filePath: original).lastPathComponent)", try Data(path: original))
    }

    /// Makes its texts begin without BOS.
    func leaveOutBOS() throws {
        var data = try Data(path: path)
        // Behind the key: four bytes of value type, then the value.
        data[try #require(data.range(of: Data("tokenizer.ggml.add_bos_token".utf8))).upperBound + 4] = 0
        try data.write(to: URL(filePath: path))
    }

    /// Sets all weights of a tensor, or those of one of its experts.
    func set(_ name: String, expert: Int? = nil, to value: Float) throws {
        try edit(name, expert: expert) { _ in value }
    }

    func scale(_ name: String, by factor: Float) throws { try edit(name, expert: nil) { $0 * factor } }

    private func edit(_ name: String, expert: Int?, _ change: (Float) -> Float) throws {
        let file = try GGUFFile(path: path)
        let index = try #require(file.index(ofTensor: name))
        let tensor = file.tensors[index]
        let count = tensor.shape.elementCount / (expert == nil ? 1 : tensor.shape.dimensions[2])
        let start = file.location(ofTensorAt: index).fileOffset + 4 * count * (expert ?? 0)
        var data = try Data(path: path)
        data.withUnsafeMutableBytes { bytes in
            for place in stride(from: start, to: start + 4 * count, by: 4) {
                let bits = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
                let value = change(Float(bitPattern: bits)).bitPattern.littleEndian
                bytes.storeBytes(of: value, toByteOffset: place, as: UInt32.self)
            }
        }
        try data.write(to: URL(filePath: path))
    }
}

/// A sparse file: a model of F16 matrices and some size, all of whose weights are 0.
struct HollowModel {
    static let width = 1024
    static let keyWidth = 256
    static let layers = 14
    static let vocabulary = 271

    let path: String
    let byteCount: Int

    init(_ workspace: Workspace) async throws {
        var header = try Data(path: try await Products.tinyBase.value)
        for (key, value) in [
            ("block_count", Self.layers), ("embedding_length", Self.width), ("feed_forward_length", Self.width),
            ("attention.head_count", 16), ("attention.head_count_kv", 4), ("rope.dimension_count", 64),
            ("expert_used_count", 4),
        ] {
            // Behind the key: four bytes of value type, then the value.
            let place = try #require(header.range(of: Data("llama.\(key)".utf8) + Data([4, 0, 0, 0]))).upperBound
            header.replaceSubrange(place..<place + 4, with: Self.bytes(UInt32(value)))
        }
        var tensors: [(name: String, dimensions: [Int], isMatrix: Bool)] = [
            ("token_embd.weight", [Self.width, Self.vocabulary], true),
            ("output.weight", [Self.width, Self.vocabulary], true), ("output_norm.weight", [Self.width], false),
        ]
        for layer in 0..<Self.layers {
            let block = "blk.\(layer)."
            for name in ["attn_norm", "ffn_norm"] { tensors.append((block + name + ".weight", [Self.width], false)) }
            for name in ["attn_q", "attn_output"] {
                tensors.append((block + name + ".weight", [Self.width, Self.width], true))
            }
            for name in ["attn_k", "attn_v"] {
                tensors.append((block + name + ".weight", [Self.width, Self.keyWidth], true))
            }
            tensors.append((block + "ffn_gate_inp.weight", [Self.width, 4], false))
            for name in ["ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"] {
                tensors.append((block + name + ".weight", [Self.width, Self.width, 4], true))
            }
        }
        let first = try #require(GGUFFile(path: try await Products.tinyBase.value).tensors.first).name
        let end = try #require(header.range(of: Data(first.utf8))).lowerBound - 8
        header.removeSubrange(end...)
        header.replaceSubrange(8..<16, with: Self.bytes(UInt64(tensors.count)))
        var offset = 0
        for tensor in tensors {
            header += Self.bytes(UInt64(tensor.name.utf8.count)) + Data(tensor.name.utf8)
            header += Self.bytes(UInt32(tensor.dimensions.count))
            for dimension in tensor.dimensions { header += Self.bytes(UInt64(dimension)) }
            header += Self.bytes(UInt32(tensor.isMatrix ? 1 : 0)) + Self.bytes(UInt64(offset))
            offset += (tensor.isMatrix ? 2 : 4) * tensor.dimensions.reduce(1, *)
        }
        path = try workspace.write("hollow.gguf", header)
        byteCount = (header.count + 31) / 32 * 32 + offset
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.truncate(atOffset: UInt64(byteCount))
        try handle.close()
    }

    private static func bytes(_ value: some FixedWidthInteger) -> Data {
        withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
}
