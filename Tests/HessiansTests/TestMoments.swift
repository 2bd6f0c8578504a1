import ErrorFeedback
import GGUF
import Hessians
import ModelArchitecture
import Numerics
import Runtime
import Tensors

/// A small model's shape, and second moments of random inputs.
enum TestMoments {
    static let origin = HessianOrigin(model: "small", datasets: ["a text", "b"], chunkCount: 7, chunkSize: 64)
    static let plan = plan(expertCount: 3)

    static func plan(
        expertCount: Int?, embeddingLength: Int = 8, layerCount: Int = 2, tied: Bool = false, expertLength: Int = 5,
        sharedCount: Int = 1
    ) -> DecoderPlan {
        DecoderPlan(
            architecture: .llama, layerCount: layerCount, embeddingLength: embeddingLength, contextLength: 64,
            vocabularySize: 16, attention: .init(headCount: 3, keyValueHeadCount: 1, headLength: 4),
            rope: .init(frequencyBase: 1e4, dimensionCount: 4),
            feedForward: expertCount.map {
                .experts(
                    .init(
                        count: $0, usedCount: 2, length: expertLength, sharedCount: sharedCount,
                        normalizesWeights: true, weightScale: 1))
            } ?? .dense(length: 10), normEpsilon: 1e-5, tiesOutputToEmbedding: tied)
    }

    /// Rows whose columns are of very different sizes and correlated; the third has no inputs.
    static func rows(_ columns: Int, count: Int, seed: Int) -> [[Double]] {
        var random = SeededRandom(seed: UInt64(seed))
        return (0..<count).map { _ in
            let common = Double.random(in: -1...1, using: &random)
            return (0..<columns).map { column in
                column == 2 ? 0 : (common + Double.random(in: -1...1, using: &random)) * (column == 1 ? 1e4 : 0.01)
            }
        }
    }

    static func product(_ rows: [[Double]], _ first: Int, _ second: Int) -> Double {
        rows.reduce(0) { $0 + $1[first] * $1[second] }
    }

    static func moments(_ rows: [[Double]], columns: Int) -> SecondMoments {
        SecondMoments(
            columns: columns,
            values: (0..<columns * columns).map { Float(product(rows, $0 / columns, $0 % columns)) },
            rowCount: rows.count)
    }

    /// The rows that a site of the written file has seen, by its place; every fifth has seen nothing.
    static func rows(_ site: HessianSite, number: Int) -> [[Double]] {
        number % 5 == 4 ? [] : rows(site.columns.count, count: 3 + number, seed: number)
    }

    static func write(_ path: String, plan: DecoderPlan = plan, blocks: ColumnBlocks = ColumnBlocks()) throws {
        var writer = try HessianWriter(path: path, plan: plan, blocks: blocks, origin: origin)
        for (number, site) in HessianSite.all(of: plan, blocks).enumerated() {
            let rows = rows(site, number: number)
            guard !rows.isEmpty else { continue }
            try writer.append(site.site, block: site.block ?? 0, moments(rows, columns: site.columns.count))
        }
        try writer.finish()
    }
}

/// A GGUF file taken apart, to be put together in another way.
struct LooseFile {
    var metadata: GGUFMetadata
    var tensors: [(tensor: TensorDescriptor, bytes: [UInt8])]

    init(_ path: String) throws {
        let file = try GGUFFile(path: path)
        metadata = file.metadata
        tensors = try file.tensors.enumerated().map { index, tensor in
            var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
            try bytes.withUnsafeMutableBytes {
                try file.readRows(ofTensorAt: index, rows: 0..<tensor.shape.rowCount, into: $0)
            }
            return (tensor, bytes)
        }
    }

    func index(_ name: String) -> Int { tensors.firstIndex { $0.tensor.name == name }! }

    /// Puts a number at an element of a tensor.
    mutating func set<Number>(_ name: String, _ element: Int, to number: Number) {
        let place = element * MemoryLayout<Number>.size
        tensors[index(name)].bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: number, toByteOffset: place, as: Number.self)
        }
    }

    mutating func replace(_ name: String, shape: [Int], type: TensorType) {
        let tensor = TensorDescriptor(name: name, shape: TensorShape(shape)!, type: type)!
        tensors[index(name)] = (tensor, [UInt8](repeating: 0, count: tensor.byteCount))
    }

    func write(_ path: String) throws {
        var writer = try GGUFWriter(path: path, metadata: metadata, tensors: tensors.map(\.tensor))
        for (_, bytes) in tensors {
            try bytes.withUnsafeBytes { try writer.append($0) }
            try writer.endTensor()
        }
        try writer.finish()
    }
}
