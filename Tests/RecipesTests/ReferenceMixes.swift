import Files
import Foundation
import ModelArchitecture
import Recipes
import Tensors
import TestSupport
import Testing

/// llama-quantize's choices for five real geometries, as its dry run prints them.
///
/// `types` maps a tensor's stem, or the whole name outside the layers, to a type or to layer ranges by type.
struct ReferenceMix: Decodable {
    let MiB: Double
    let bpw: Double
    let types: [String: Choice]

    /// The type of a tensor, by its name.
    func type(of name: TensorName) -> String? {
        types[name.layer == nil ? name.gguf : name.role.stem]?.type(layer: name.layer ?? 0)
    }

    /// Compares what a recipe chose, tensor for tensor and in total.
    func check(_ assignments: [TypeAssignment], _ comment: Comment) throws {
        for assignment in assignments where !assignment.tensor.name.contains("_norm.") {
            let name = try #require(TensorName(gguf: assignment.tensor.name))
            #expect(assignment.type.name == type(of: name), "\(comment), \(name)")
        }
        let size = try SizeEstimate(assignments)
        #expect(abs(Double(size.byteCount) / 1_048_576 - MiB) < 0.006, comment)
        #expect(abs(size.bitsPerWeight - bpw) < 0.006, comment)
    }

    enum Choice: Decodable {
        case everywhere(String)
        case byLayer([String: String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let type = try? container.decode(String.self) {
                self = .everywhere(type)
            } else {
                self = .byLayer(try container.decode([String: String].self))
            }
        }

        func type(layer: Int) -> String? {
            switch self {
            case .everywhere(let type): type
            case .byLayer(let ranges): ranges.first { _, list in Self.list(list, contains: layer) }?.key
            }
        }

        /// Whether a list such as `0-2,5,8-10` has the number.
        private static func list(_ list: String, contains number: Int) -> Bool {
            list.split(separator: ",").contains { part in
                let ends = part.split(separator: "-").compactMap { Int($0) }
                return ends.first! <= number && number <= ends.last!
            }
        }
    }

    /// By geometry, then by file type; `+imatrix` marks those made with an importance matrix.
    static func all() throws -> [String: [String: ReferenceMix]] {
        try JSONDecoder().decode(
            [String: [String: ReferenceMix]].self,
            from: Data(ReadableFile.contents(of: Fixtures.path("golden/llama_mixes.json"))))
    }
}

/// The dimensions of a real model.
struct ModelDimensions: CustomTestStringConvertible {
    let name: String
    let geometry: ModelGeometry
    let width: Int
    let vocabulary: Int
    /// One expert's, or the feed-forward's if there are no experts.
    let feedForward: Int
    /// All shared experts together.
    var sharedFeedForward = 0
    /// Whether the token embedding is the output matrix too.
    var isTied = false

    var testDescription: String { name }

    /// From the models' public configurations.
    static let all = [
        ModelDimensions(
            name: "mixtral-8x7b",
            geometry: ModelGeometry(layerCount: 32, headCount: 32, keyValueHeadCount: 8, expertCount: 8),
            width: 4096, vocabulary: 32000, feedForward: 14336),
        ModelDimensions(
            name: "apus-xdan-4.0",
            geometry: ModelGeometry(layerCount: 60, headCount: 56, keyValueHeadCount: 8, expertCount: 4),
            width: 7168, vocabulary: 64000, feedForward: 20480),
        ModelDimensions(
            name: "xverse-13b-dense",
            geometry: ModelGeometry(layerCount: 40, headCount: 40, keyValueHeadCount: 40, expertCount: 0),
            width: 5120, vocabulary: 100534, feedForward: 13824),
        xverse(padded: false), xverse(padded: true),
    ]

    /// Those that llama-quantize's options were tried on.
    static let optionModels = [
        all[0],
        ModelDimensions(
            name: "llama-2-70b",
            geometry: ModelGeometry(layerCount: 80, headCount: 64, keyValueHeadCount: 8, expertCount: 0),
            width: 8192, vocabulary: 32000, feedForward: 28672),
        ModelDimensions(
            name: "llama-3.2-1b",
            geometry: ModelGeometry(layerCount: 16, headCount: 32, keyValueHeadCount: 8, expertCount: 0),
            width: 2048, vocabulary: 128256, feedForward: 8192, isTied: true),
    ]

    static func xverse(padded: Bool) -> ModelDimensions {
        ModelDimensions(
            name: padded ? "xverse-moe-a4.2b-padded" : "xverse-moe-a4.2b-unpadded",
            geometry: ModelGeometry(layerCount: 28, headCount: 32, keyValueHeadCount: 32, expertCount: 64),
            width: 2560, vocabulary: 100534, feedForward: padded ? 1792 : 1728,
            sharedFeedForward: padded ? 3584 : 3456)
    }

    /// The tensors of the model's 16-bit file; norms and routers are F32.
    var tensors: [TensorDescriptor] {
        let keyValue = width / geometry.headCount * geometry.keyValueHeadCount
        let experts = geometry.expertCount
        var list = [
            tensor(.tokenEmbedding, nil, [width, vocabulary]), tensor(.outputNorm, nil, [width], .f32),
        ]
        if !isTied { list.append(tensor(.output, nil, [width, vocabulary])) }
        for layer in 0..<geometry.layerCount {
            list += [
                tensor(.attentionNorm, layer, [width], .f32), tensor(.attentionQuery, layer, [width, width]),
                tensor(.attentionKey, layer, [width, keyValue]), tensor(.attentionValue, layer, [width, keyValue]),
                tensor(.attentionOutput, layer, [width, width]), tensor(.feedForwardNorm, layer, [width], .f32),
            ]
            if experts > 0 {
                list += [
                    tensor(.router, layer, [width, experts], .f32),
                    tensor(.expertsGate, layer, [width, feedForward, experts]),
                    tensor(.expertsUp, layer, [width, feedForward, experts]),
                    tensor(.expertsDown, layer, [feedForward, width, experts]),
                ]
            } else {
                list += [
                    tensor(.feedForwardGate, layer, [width, feedForward]),
                    tensor(.feedForwardUp, layer, [width, feedForward]),
                    tensor(.feedForwardDown, layer, [feedForward, width]),
                ]
            }
            if sharedFeedForward > 0 {
                list += [
                    tensor(.sharedGate, layer, [width, sharedFeedForward]),
                    tensor(.sharedUp, layer, [width, sharedFeedForward]),
                    tensor(.sharedDown, layer, [sharedFeedForward, width]),
                ]
            }
        }
        return list
    }

    private func tensor(
        _ role: TensorRole, _ layer: Int?, _ shape: [Int], _ type: TensorType = .bf16
    ) -> TensorDescriptor {
        TensorDescriptor(name: TensorName(role, layer: layer).gguf, shape: TensorShape(shape)!, type: type)!
    }
}
