import BlockFormats
import Foundation
import ModelArchitecture
import Models
import Parallelism
import Pipelines
import Runtime
import Synchronization
import Testing

/// What an observer is told of the rows that experts see.
@Suite struct RoutingWeightTests {
    /// Keeps all rows of the first layer's feed-forward sites, whose stages have one piece.
    private final class Recorder: ActivationObserver {
        struct Seen {
            let rows: [[Float]]
            let weights: [Float]?
        }

        private let list = Mutex<[ActivationSite: Seen]>([:])

        var seen: [ActivationSite: Seen] { list.withLock { $0 } }

        func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int) {
            guard site.layer == 0, site.input != .attention, site.input != .attentionOutput else { return }
            let values = (0..<rows.count).map {
                Array(UnsafeBufferPointer(start: rows.inputs + $0 * rows.columns, count: rows.columns))
            }
            list.withLock { $0[site] = Seen(rows: values, weights: rows.weights.map(Array.init)) }
        }

        func endStage() {}
    }

    /// The routing weights of one token, best expert first, as the models define them: the softmax of all experts' logits, its
    /// greatest, and those divided by their sum if the model does that.
    private static func weights(
        of input: [Float], router: [[Float]], _ experts: DecoderPlan.Experts
    ) -> [(expert: Int, weight: Double)] {
        let logits = router.map { zip($0, input).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
        let greatest = logits.max()!
        let sum = logits.reduce(0) { $0 + exp($1 - greatest) }
        let chosen = logits.enumerated().map { ($0, exp($1 - greatest) / sum) }.sorted { $0.1 > $1.1 }
            .prefix(experts.usedCount)
        let total = experts.normalizesWeights ? chosen.reduce(0) { $0 + $1.1 } : 1
        return chosen.map { ($0, $1 * Double(experts.weightScale) / total) }
    }

    @Test(arguments: ReferenceModel.all)
    func comeWithExpertsRows(reference: ReferenceModel) throws {
        let model = try Model.open(reference.path)
        let experts = try #require(model.plan.experts)
        let prompt = try Array(reference.prompt("en").prefix(32))
        let recorder = Recorder()
        _ = try model.forwardPass(Parallel(threadCount: 1)).run([prompt], observer: recorder)

        let name = TensorName(.router, layer: 0).gguf
        let index = try #require(model.tensors.tensors.firstIndex { $0.name == name })
        let tensor = model.tensors.tensors[index]
        var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
        try bytes.withUnsafeMutableBytes {
            try model.tensors.readRows(ofTensorAt: index, rows: 0..<tensor.shape.rowCount, into: $0)
        }
        var values = [Float](repeating: 0, count: tensor.shape.elementCount)
        BlockFormats.codec(for: tensor.type)!.decode(bytes, count: values.count, into: &values)
        let width = tensor.shape.rowLength
        let router = stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }

        let tokens = try #require(recorder.seen[ActivationSite(layer: 0, input: .router, expert: 0)])
        #expect(tokens.rows.count == prompt.count && tokens.weights == nil)
        var expected: [Int: [(row: [Float], weight: Double)]] = [:]
        for row in tokens.rows {
            for (expert, weight) in Self.weights(of: row, router: router, experts) {
                expected[expert, default: []].append((row, weight))
            }
        }
        for (expert, inputs) in expected {
            let seen = try #require(recorder.seen[ActivationSite(layer: 0, input: .experts, expert: expert)])
            #expect(seen.rows == inputs.map(\.row))
            let weights = try #require(seen.weights)
            #expect(zip(weights, inputs).allSatisfy { abs(Double($0) - $1.weight) < 1e-4 }, "expert \(expert)")
            let down = recorder.seen[ActivationSite(layer: 0, input: .expertsDown, expert: expert)]
            #expect(down?.weights == weights && down?.rows.count == weights.count)
        }
        for (site, seen) in recorder.seen where !site.isOfExpert { #expect(seen.weights == nil) }
    }
}
