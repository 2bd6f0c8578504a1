import ModelArchitecture
import Numerics
import Parallelism
import Runtime
import TestSupport
import Testing

/// What work says that it needs, against the memory that the system sees a process take.
///
/// Each measurement has a process of its own.
@Suite(.enabled("the system does not tell the peak") { PeakMemory.isKnown }) struct WorkingSetTests {
    @Test func densePass() async {
        await #expect(processExitsWith: .success) { try Case(experts: nil).checkPass() }
    }

    @Test func passOfExperts() async {
        await #expect(processExitsWith: .success) { try Case.ofExperts.checkPass() }
    }

    @Test func predictions() async {
        await #expect(processExitsWith: .success) { try Case(experts: nil).checkPredictions() }
    }

    @Test func densePairedPass() async {
        await #expect(processExitsWith: .success) { try Case(experts: nil).checkPairedPass() }
    }

    @Test func pairedPassOfExperts() async {
        await #expect(processExitsWith: .success) { try Case.ofExperts.checkPairedPass() }
    }
}

/// A layer of made-up weights and windows of made-up tokens.
private struct Case {
    let source: GeneratedTensors
    let pass: ForwardPass
    /// 8192 tokens.
    let sequences: [TokenSequence] = (0..<32).map { (window: Int32) -> TokenSequence in
        (0..<256).map { (position: Int32) -> Int32 in (31 * position + 97 * window) % 8192 }
    }

    static var ofExperts: Case {
        get throws {
            try Case(
                experts: DecoderPlan.Experts(
                    count: 8, usedCount: 2, length: 512, sharedCount: 1, normalizesWeights: true, weightScale: 1))
        }
    }

    init(experts: DecoderPlan.Experts?) throws {
        let plan = DecoderPlan(
            architecture: .bailingMoE, layerCount: 1, embeddingLength: 512, contextLength: 4096, vocabularySize: 8192,
            attention: DecoderPlan.Attention(headCount: 8, keyValueHeadCount: 4, headLength: 64),
            rope: DecoderPlan.RotaryEmbedding(frequencyBase: 10_000, dimensionCount: 64),
            feedForward: experts.map { .experts($0) } ?? .dense(length: 1024), normEpsilon: 1e-5,
            tiesOutputToEmbedding: true)
        source = try GeneratedTensors(plan)
        pass = try ForwardPass(
            plan: plan, source: source, path: "generated", parallel: Parallel(threadCount: 2),
            memory: MemoryBudget(byteCount: 8 << 30))
        // Code that is run for the first time is read from files.
        let hidden = try pass.run([TokenSequence(repeating: 1, count: 32)])
        try pass.logits(of: [0], in: hidden) { _, _ in }
    }

    func checkPass() throws {
        let size = BatchSize(sequences)
        let peak = try PeakMemory.of { try pass.run(sequences) }
        expect(pass.workingSet(size) + pass.stateWorkingSet(tokenCount: size.tokenCount), peak.byteCount)
    }

    /// More rows than are computed at a time: the output matrix is kept.
    func checkPredictions() throws {
        let hidden = try pass.run([TokenSequence(repeating: 1, count: 32)])
        let states = try pass.finalStates(of: (0..<1100).map { $0 % 32 }, in: hidden)
        let predictions = Predictions([(pass, states)])
        let peak = try PeakMemory.of { try predictions.forEachRow { _, _ in } }
        expect(predictions.workingSet(length: 1024, keepsWeights: true), peak.byteCount)
    }

    func checkPairedPass() throws {
        let sequences = Array(sequences.prefix(16))
        func run(_ sequences: [TokenSequence]) throws {
            try PairedPass(pass, sequences: sequences, quantizer: Copying(source: source), embedding: pass).run(
                layer: 0)
        }
        try run([TokenSequence(repeating: 1, count: 32)])
        let peak = try PeakMemory.of { try run(sequences) }
        let set = PairedPass.workingSet(pass, BatchSize(sequences))
        expect(set.kept + set.matrices, peak.byteCount)
    }
}

/// Fails unless a set holds what was measured, and is not much larger.
private func expect(_ set: WorkingSet, _ peak: Int) {
    let allocatorLoss = 6 << 20
    #expect(set.byteCount + allocatorLoss >= peak, "\(set.byteCount) of \(peak): \(set)")
    #expect(set.byteCount <= peak + peak / 2 + allocatorLoss, "\(set.byteCount) of \(peak): \(set)")
}

/// Leaves the matrices as they are.
private final class Copying: PassQuantizer {
    private let source: GeneratedTensors

    init(source: GeneratedTensors) { self.source = source }

    func quantize(_ site: ActivationSite, rows: PairedRows) {}

    func decode(_ place: MatrixPlace, into target: UnsafeMutablePointer<Float>) throws {
        let name = TensorName(place.role, layer: place.layer).gguf
        let index = try #require(source.tensors.firstIndex { $0.name == name })
        let shape = source.tensors[index].shape
        let first = place.expert * shape.matrixRowCount
        source.readRows(
            ofTensorAt: index, rows: first..<first + shape.matrixRowCount,
            into: UnsafeMutableRawBufferPointer(start: target, count: 4 * shape.matrixRowCount * shape.rowLength))
    }

    func endLayer(_ layer: Int, original: HiddenStates, quantized: HiddenStates) {}
}
