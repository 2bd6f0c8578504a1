import Checkpoints
import Foundation
import SafetensorsIO
import TestSupport
import Testing

/// Scales that serve no weights lie beside those that do.
@Suite struct ActivationScaleTests {
    private static let names = [
        "k_scale", "v_scale", "kv_scale", "q_scale", "attn.k_scale", "input_scale", "activation_scale",
        "k_proj.output_scale",
    ]

    /// The bundled numbers with such scales: the weights are PyTorch's, as in ``CheckpointWeightsTests``.
    @Test func areLeftOut() throws {
        try Conformance.row("checkpoints/fp8-activation-scales")
        try Fixtures.withTemporaryDirectory { directory in
            let original = Fixtures.path("golden/torch/numbers")
            let name = try #require(
                FileManager.default.contentsOfDirectory(atPath: original).first { $0.hasSuffix(".safetensors") })
            let file = try Data(contentsOf: URL(filePath: "\(original)/\(name)"))
            let length = file.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            let object = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length))
            var header = try #require(object as? [String: [String: Any]])
            var data = Data(file.dropFirst(8 + length))
            for name in Self.names {
                header["model.layers.0.self_attn.\(name)"] = [
                    "dtype": "F32", "shape": [1], "data_offsets": [data.count, data.count + 4],
                ]
                data += Data([0, 0, 0, 0x40])
            }
            let json = try JSONSerialization.data(withJSONObject: header)
            let prefix = Data((0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) })
            try (prefix + json + data).write(to: URL(filePath: "\(directory)/model.safetensors"))

            let plain = try CheckpointWeights(directory: original, scaleBlockShape: [3, 40])
            let scaled = try CheckpointWeights(directory: directory, scaleBlockShape: [3, 40])
            #expect(Set(scaled.tensors.map(\.name)) == Set(plain.tensors.map(\.name)))
            for entry in plain.tensors {
                let other = try #require(scaled.entry(named: entry.name))
                let (expected, found) = (try bytes(of: entry, in: plain), try bytes(of: other, in: scaled))
                #expect(found == expected, "\(entry.name)")
            }
            let counts = scaled.notes.compactMap { note -> Int? in
                if case .activationScalesIgnored(let count) = note.kind { count } else { nil }
            }
            #expect(counts.first ?? 0 >= Self.names.count)
        }
    }

    private func bytes(of entry: CheckpointWeights.Entry, in weights: CheckpointWeights) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: try weights.weightDescriptor(of: entry).byteCount)
        try bytes.withUnsafeMutableBytes { try weights.read(entry, byteRange: 0..<$0.count, into: $0) }
        return bytes
    }
}
