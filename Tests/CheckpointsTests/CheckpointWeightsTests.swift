import Checkpoints
import Files
import Foundation
import Numerics
import SafetensorsIO
import Tensors
import TestSupport
import Testing

/// Weights as they are read, against what PyTorch makes of them; see Tests/Generators/torch_golden.py.
@Suite struct CheckpointWeightsTests {
    private func open(_ folder: String) throws -> CheckpointWeights {
        try CheckpointWeights(directory: Fixtures.path("golden/torch/\(folder)"), scaleBlockShape: [3, 40])
    }

    private func expected(_ name: String) throws -> [UInt8] {
        let file = try SafetensorsFile(path: Fixtures.path("golden/torch/numbers-torch/expected.safetensors"))
        return try #require(file.tensor(named: name)).bytes()
    }

    private func bytes(_ weights: CheckpointWeights, _ name: String, _ range: Range<Int>? = nil) throws -> [UInt8] {
        let entry = try #require(weights.entry(named: name))
        let range = try range ?? 0..<weights.weightDescriptor(of: entry).byteCount
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withUnsafeMutableBytes { try weights.read(entry, byteRange: range, into: $0) }
        return bytes
    }

    @Test(arguments: ["numbers", "numbers-torch"])
    func convertsAsPyTorchDoes(folder: String) throws {
        let weights = try open(folder)
        let names = ["tensor", "one", "rows", "flat rows", "blocks", "stack"].map { "\($0).weight" }
        for name in names + ["plain", "doubles", "double matrix"] {
            let isDouble = name.hasPrefix("double")
            let entry = try #require(weights.entry(named: name))
            #expect(try weights.weightDescriptor(of: entry).type == (isDouble ? .f32 : .bf16))
            let (found, expected) = (try bytes(weights, name), try expected(name))
            #expect(found.count == expected.count)
            // NaNs, of which FP8 has two, may differ in their payload.
            let differing = stride(from: 0, to: found.count, by: 2).filter { position in
                let pair = [found, expected].map { UInt16($0[position]) | UInt16($0[position + 1]) << 8 }
                return pair[0] != pair[1] && (isDouble || !pair.allSatisfy { $0 & 0x7fff > 0x7f80 })
            }
            #expect(differing.isEmpty, "\(name)")
        }
        #expect(Set(weights.tensors.map(\.name)) == Set(names + ["plain", "doubles", "double matrix"]))
    }

    @Test(arguments: ["blocks.weight", "stack.weight", "rows.weight", "double matrix"])
    func readsParts(name: String) throws {
        let weights = try open("numbers")
        let whole = try bytes(weights, name)
        let size = name.hasPrefix("double") ? 4 : 2
        var random = SeededRandom(seed: 3)
        for _ in 0..<200 {
            let first = Int.random(in: 0..<whole.count / size, using: &random)
            let range = first * size..<Int.random(in: first...whole.count / size, using: &random) * size
            #expect(try bytes(weights, name, range) == Array(whole[range]))
        }
    }

    @Test func weightsHaveTheirFastestDimensionFirst() throws {
        let path = Fixtures.path("golden/safetensors/types.safetensors")
        try Fixtures.withTemporaryDirectory { directory in
            // The file's own FP8 tensor has no scales.
            var file = Data(try ReadableFile.contents(of: path))
            file.replaceSubrange(try #require(file.range(of: Data("F8_E4M3".utf8))), with: Data("F8_E5M2".utf8))
            try file.write(to: URL(filePath: "\(directory)/model.safetensors"))
            let weights = try CheckpointWeights(directory: directory, scaleBlockShape: [128, 128])
            func descriptor(_ name: String) throws -> TensorDescriptor {
                try weights.weightDescriptor(of: #require(weights.entry(named: name)))
            }
            #expect(try descriptor("float").shape.dimensions == [4, 3, 2])
            #expect(try descriptor("half").type == .f16)
            #expect(try descriptor("brain").type == .bf16)
            #expect(try descriptor("double").type == .f32)
            #expect(try descriptor("number").shape.dimensions == [1])
            for (name, type) in [("eight", "F8_E5M2"), ("truth", "BOOL"), ("long", "I64"), ("bytes", "U8")] {
                let error = #expect(throws: CheckpointError.self) { try descriptor(name) }
                #expect(error?.kind == .notWeights(type: type))
                #expect(error?.tensor == name)
            }
            let error = #expect(throws: CheckpointError.self) { try descriptor("empty") }
            #expect(error?.kind == .noElements(shape: [0, 3]))
        }
    }

    /// A directory with these tensors, each filled with zeros: name, type, shape.
    private func kind(_ tensors: [(String, String, [Int])]) throws -> CheckpointError.Kind? {
        let sizes = ["F32": 4, "BF16": 2, "F8_E4M3": 1, "I32": 4]
        var (header, offset) = ([String](), 0)
        for (name, type, shape) in tensors {
            let end = offset + shape.reduce(sizes[type]!, *)
            header.append(#""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(offset),\#(end)]}"#)
            offset = end
        }
        let text = Array("{\(header.joined(separator: ","))}".utf8)
        let count = withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init)
        return try Fixtures.withTemporaryDirectory { directory in
            try Data(count + text + [UInt8](repeating: 0, count: offset))
                .write(to: URL(filePath: "\(directory)/model.safetensors"))
            return #expect(throws: CheckpointError.self) {
                try CheckpointWeights(directory: directory, scaleBlockShape: [128, 128])
            }?.kind
        }
    }

    @Test func refusesScalesThatDoNotFit() throws {
        let weights = ("a.weight", "F8_E4M3", [256, 130])
        let (inverse, plain) = ("a.weight_scale_inv", "a.weight_scale")
        #expect(try kind([weights]) == .missingScales)
        #expect(
            try kind([weights, (inverse, "F32", [2, 2]), (plain, "F32", [1])]) == .severalScales([inverse, plain]))
        for (type, shape) in [
            ("F32", [2, 1]), ("F32", [130]), ("F32", [1, 130]), ("F32", [1, 2, 2]), ("F32", [0]), ("I32", [2, 2]),
        ] {
            #expect(
                try kind([weights, (inverse, type, shape)])
                    == .invalidScales(type: type, shape: shape, weights: [256, 130]))
        }
        #expect(
            try kind([("a.weight", "F8_E4M3", [0, 4]), (inverse, "F32", [1])])
                == .invalidScales(type: "F32", shape: [1], weights: [0, 4]))
    }

    @Test func saysThatThereAreNoWeights() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let error = #expect(throws: CheckpointError.self) {
                try CheckpointWeights(directory: directory, scaleBlockShape: [128, 128])
            }
            #expect(error?.kind == .noWeights(ggufFiles: []))
        }
    }
}
