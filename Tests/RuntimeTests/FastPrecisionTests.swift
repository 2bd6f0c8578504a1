import BlockFormats
import ModelArchitecture
import Numerics
import Parallelism
import Runtime
import Tensors
import Testing

/// Products of whole numbers and of bfloat16 numbers in a forward pass.
@Suite struct FastPrecisionTests {
    private static let plan = DecoderPlan(
        architecture: .bailingMoE, layerCount: 1, embeddingLength: 256, contextLength: 4096, vocabularySize: 300,
        attention: DecoderPlan.Attention(headCount: 4, keyValueHeadCount: 2, headLength: 64),
        rope: DecoderPlan.RotaryEmbedding(frequencyBase: 10_000, dimensionCount: 64),
        feedForward: .experts(
            DecoderPlan.Experts(
                count: 4, usedCount: 2, length: 256, sharedCount: 1, normalizesWeights: true, weightScale: 1)),
        normEpsilon: 1e-5, tiesOutputToEmbedding: false)

    private static let windows: [TokenSequence] = (0..<3).map { (window: Int32) -> TokenSequence in
        (0..<40).map { (position: Int32) -> Int32 in (31 * position + 97 * window) % 300 }
    }

    private func pass(
        _ type: TensorType, _ precision: Precision, _ plan: DecoderPlan = Self.plan, threads: Int = 2
    ) throws -> ForwardPass {
        try ForwardPass(
            plan: plan, source: EncodedTensors(GeneratedTensors(plan), as: type), path: "encoded",
            parallel: Parallel(threadCount: threads), precision: precision)
    }

    private func logits(_ pass: ForwardPass, _ windows: [TokenSequence]) throws -> [[Float]] {
        let hidden = try pass.run(windows)
        let rows = Array(0..<windows.joined().count)
        let table = LogitTable(rowCount: rows.count)
        try pass.logits(of: rows, in: hidden) { position, logits in table.set(position, Array(logits)) }
        return table.rows
    }

    /// The part of all values' length that a difference has.
    private func distance(_ a: [[Float]], _ b: [[Float]]) -> Double {
        var (difference, size) = (0.0, 0.0)
        for (first, second) in zip(a.joined(), b.joined()) {
            difference += Double(first - second) * Double(first - second)
            size += Double(second) * Double(second)
        }
        return (difference / size).squareRoot()
    }

    @Test(arguments: BlockFormats.supportedTypes)
    func isCloseToTheReference(type: TensorType) throws {
        // Without experts, whose choice may turn where two are equally good.
        var plan = Self.plan
        plan.feedForward = .dense(length: 512)
        let reference = try logits(pass(type, .reference, plan), Self.windows)
        let fast = try logits(pass(type, .fast, plan), Self.windows)
        #expect(fast != reference)
        #expect(distance(fast, reference) < 0.03)
    }

    /// Windows alone, windows of a few tokens, which alone are multiplied piece by piece, and other numbers of threads.
    @Test(arguments: [TensorType.bf16, .f32, .q4_K, .q6_K, .iq2_XXS])
    func doesNotDependOnTheBatch(type: TensorType) throws {
        let pass = try pass(type, .fast)
        let together = try logits(pass, Self.windows)
        let alone = try Self.windows.flatMap { try logits(pass, [$0]) }
        #expect(alone == together)
        let short = Self.windows.map { TokenSequence($0.prefix(12)) }
        #expect(try short.flatMap { try logits(pass, [$0]) } == logits(pass, short))
        #expect(try logits(self.pass(type, .fast, threads: 3), Self.windows) == together)
    }
}

/// Rows that threads fill in.
private final class LogitTable: @unchecked Sendable {
    private let base: UnsafeMutableBufferPointer<[Float]>

    init(rowCount: Int) {
        base = .allocate(capacity: rowCount)
        base.initialize(repeating: [])
    }

    deinit {
        base.deinitialize()
        base.deallocate()
    }

    func set(_ row: Int, _ values: [Float]) { base[row] = values }
    var rows: [[Float]] { Array(base) }
}
