import ByteJSON
import Files
import ModelArchitecture
import Parallelism
import Runtime
import TestSupport
import Testing

/// One decoder layer and what PyTorch makes of it; see Tests/Generators/layer_golden.py.
struct LayerCase {
    let plan: DecoderPlan
    let source: MemoryTensors
    /// The lengths of the sequences.
    let lengths: [Int]
    let input: [[Float]]
    private let json: JSON

    private static let golden = Result { try JSON(parsing: Fixtures.decompressed("golden/layer_golden.json.zst")) }

    /// - Throws: if the fixture, or the case, is missing.
    init(_ name: String) throws {
        let cases = try #require(Self.golden.get()["layers"]?.array)
        json = try #require(cases.first { $0["name"]?.string == name }, "no case \(name)")
        lengths = try Self.integers(json["lengths"])
        let width = try Self.integer(json["width"])
        input = try Self.input(json["input"], width: width)
        plan = try Self.plan(json, width: width)
        let weights = try #require(json["weights"]?.object)
        var tensors = try weights.members.map { key, value in
            let unit = Float(try #require(value["unit"]?.double))
            let isOfLayer = key.description != "rope_freqs"
            return try MemoryTensors.tensor(
                (isOfLayer ? "blk.0." : "") + key.description + ".weight", Self.integers(value["dimensions"]),
                try Self.integers(value["values"]).map { Float($0) * unit })
        }
        for (name, dimensions) in [("token_embd.weight", [width, 1]), ("output_norm.weight", [width])] {
            tensors.append(try MemoryTensors.tensor(name, dimensions, [Float](repeating: 1, count: width)))
        }
        source = MemoryTensors(all: tensors)
    }

    /// The logits of the fixture.
    static func logitRows() throws -> [JSON] { try #require(golden.get()["logits"]?.array) }

    static func names() throws -> [String] {
        try #require(golden.get()["layers"]?.array).map { try #require($0["name"]?.string) }
    }

    /// What the reference has in a table, a row for each token.
    func expected(_ table: String) throws -> [[Float]] { try Self.rows(json[ByteString(table)]) }

    /// The reference's experts: the tokens of each, their weights, and what its down matrix is multiplied with.
    func experts() throws -> [(rows: [Int], weights: [Float], gated: [[Float]])] {
        try #require(json["experts"]?.array).map {
            (try Self.integers($0["rows"]), try Self.numbers($0["weights"]), try Self.rows($0["gated"]))
        }
    }

    func pass(threadCount: Int = 2) throws -> ForwardPass {
        try ForwardPass(plan: plan, source: source, path: "layer", parallel: Parallel(threadCount: threadCount))
    }

    /// The layer's inputs as a residual stream.
    func stream() -> HiddenStates {
        HiddenStates(rowCount: input.count, columns: plan.embeddingLength) { bytes in
            for (index, value) in input.joined().enumerated() {
                bytes.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
            }
        }
    }

    /// Their tokens count for nothing: a layer sees the stream alone.
    var sequences: [TokenSequence] { lengths.map { TokenSequence(repeating: 0, count: $0) } }

    // MARK: Reading

    private static func plan(_ json: JSON, width: Int) throws -> DecoderPlan {
        let feedForward: DecoderPlan.FeedForward
        if let experts = json["expertPlan"] {
            feedForward = .experts(
                DecoderPlan.Experts(
                    count: try integer(experts["count"]), usedCount: try integer(experts["used"]),
                    length: try integer(experts["length"]), sharedCount: try integer(experts["shared"]),
                    normalizesWeights: try #require(experts["normalizes"]) == .bool(true),
                    weightScale: Float(try #require(experts["scale"]?.double))))
        } else {
            feedForward = .dense(length: try integer(json["inner"]))
        }
        return DecoderPlan(
            architecture: .bailingMoE, layerCount: 1, embeddingLength: width, contextLength: 4096, vocabularySize: 1,
            attention: DecoderPlan.Attention(
                headCount: try integer(json["heads"]), keyValueHeadCount: try integer(json["keyValueHeads"]),
                headLength: try integer(json["headLength"])),
            rope: try rope(json), feedForward: feedForward,
            normEpsilon: Float(try #require(json["epsilon"]?.double)), tiesOutputToEmbedding: true)
    }

    private static func rope(_ json: JSON) throws -> DecoderPlan.RotaryEmbedding {
        let rope = try #require(json["rope"])
        func number(_ key: ByteString) throws -> Double { try #require(rope[key]?.double) }
        var result = DecoderPlan.RotaryEmbedding(
            frequencyBase: try number("base"), dimensionCount: try integer(json["rotated"]),
            hasFrequencyFactors: rope["factors"] != nil)
        switch rope["type"]?.string {
        case nil: break
        case "linear": result.scaling = .linear(factor: try number("factor"))
        case "yarn":
            let yarn = DecoderPlan.RotaryEmbedding.YaRN(
                factor: try number("factor"), originalContextLength: try integer(rope["original"]))
            result.scaling = .yarn(yarn)
            result.amplitude = yarn.amplitude()
        case "llama3":
            result.scaling = .llama3(
                .init(
                    factor: try number("factor"), lowFrequencyFactor: try number("low"),
                    highFrequencyFactor: try number("high"), originalContextLength: try integer(rope["original"])))
        case let other?: Issue.record("unknown scaling \(other)")
        }
        return result
    }

    private static func input(_ json: JSON?, width: Int) throws -> [[Float]] {
        let unit = Float(try #require(json?["unit"]?.double))
        let values = try integers(json?["values"]).map { Float($0) * unit }
        let exponents = try integers(json?["exponents"])
        return (0..<values.count / width).map { row in
            let scale = exponents.isEmpty ? 1 : Float(sign: .plus, exponent: exponents[row], significand: 1)
            return values[row * width..<(row + 1) * width].map { $0 * scale }
        }
    }

    private static func integer(_ json: JSON?) throws -> Int { try #require(json?.integer.map { Int($0) }) }

    private static func integers(_ json: JSON?) throws -> [Int] { try #require(json?.array).map { try integer($0) } }

    static func numbers(_ json: JSON?) throws -> [Float] {
        try #require(json?.array).map { Float(try #require($0.double)) }
    }

    private static func rows(_ json: JSON?) throws -> [[Float]] { try #require(json?.array).map { try numbers($0) } }
}
