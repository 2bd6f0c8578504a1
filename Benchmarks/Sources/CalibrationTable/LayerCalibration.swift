import ErrorFeedback
import Foundation
import ModelArchitecture
import Pipelines
import Runtime
import TensorCore

/// What the inputs of a layer's matrices are in a model whose earlier layers are quantized, and in the original.
struct LayerCalibration {
    let model: Model
    let layer: Int
    let windowLength: Int
    let parallel: Parallel
    /// The original's inputs of all sites but the experts'.
    private let original: ActivationRecorder
    /// The original's residual stream after the layer.
    let originalStates: [Float]

    /// The sites that are calibrated together; each stage sees the ones before it quantized.
    static let stages: [Set<ActivationSite.Input>] = [
        [.attention], [.attentionOutput], [.router, .experts, .shared, .feedForward],
        [.expertsDown, .sharedDown, .feedForwardDown],
    ]

    /// - Parameter states: the original's residual stream before the layer.
    init(_ model: Model, layer: Int, states: [Float], windowLength: Int, parallel: Parallel) throws {
        self.model = model
        self.layer = layer
        self.windowLength = windowLength
        self.parallel = parallel
        (original, originalStates) = try LayerRun(
            plan: model.plan, source: model.tensors, layer: layer, states: states, windowLength: windowLength,
            parallel: parallel
        ).run(recording: [
            .attention, .attentionOutput, .router, .shared, .sharedDown, .feedForward, .feedForwardDown,
        ])
    }

    /// The moments of the sites of a stage.
    ///
    /// - Parameters:
    ///   - states: the quantized model's residual stream before the layer.
    ///   - quantized: the model with everything before the stage quantized.
    func pairs(
        _ stage: Set<ActivationSite.Input>, states: [Float], quantized: some TensorSource
    ) throws -> [ActivationSite: PairedMoments] {
        let needed = stage.union(stage.contains(.expertsDown) ? [.router, .experts] : [.router])
        let recorder = try LayerRun(
            plan: model.plan, source: quantized, layer: layer, states: states, windowLength: windowLength,
            parallel: parallel
        ).run(recording: needed, isAttentionOnly: stage == [.attention] || stage == [.attentionOutput]).recorder
        var result: [ActivationSite: PairedMoments] = [:]
        for input in stage where input != .experts && input != .expertsDown {
            let rows = recorder[Self.place(input)]
            guard !rows.isEmpty else { continue }
            result[site(input)] = pair(site(input), rows, original[Self.place(input)])
        }
        guard let experts = model.plan.experts, !stage.isDisjoint(with: [.experts, .expertsDown]) else { return result }
        let (tokens, references) = (recorder[Self.place(.router)], original[Self.place(.router)])
        let width = model.plan.embeddingLength
        for expert in 0..<experts.count {
            let inputs = recorder[Self.place(.experts, expert)]
            let rows = Self.positions(of: inputs, in: tokens, width: width)
            var reference: [Float] = []
            reference.reserveCapacity(inputs.count)
            for row in rows { reference += references[row * width..<(row + 1) * width] }
            if stage.contains(.experts) {
                result[site(.experts, expert)] = pair(site(.experts), inputs, reference)
            } else {
                let hidden = try gated(expert: expert, inputs: reference, rowCount: rows.count)
                result[site(.expertsDown, expert)] = pair(
                    site(.expertsDown), recorder[Self.place(.expertsDown, expert)], hidden)
            }
        }
        return result
    }

    private func site(_ input: ActivationSite.Input, _ expert: Int = 0) -> ActivationSite {
        ActivationSite(layer: layer, input: input, expert: expert)
    }

    /// A site as a run of the layer alone names it.
    private static func place(_ input: ActivationSite.Input, _ expert: Int = 0) -> ActivationSite {
        ActivationSite(layer: 0, input: input, expert: expert)
    }

    private func pair(_ site: ActivationSite, _ inputs: [Float], _ references: [Float]) -> PairedMoments {
        let columns = model.plan.dimensions(of: site.roles[0])[0]
        return PairedMoments(
            columns: columns, inputs: inputs, references: references, rowCount: inputs.count / columns,
            parallel: parallel)
    }

    /// Which tokens an expert saw: its inputs are copies of theirs, in their order.
    private static func positions(of inputs: [Float], in tokens: [Float], width: Int) -> [Int] {
        var result: [Int] = []
        inputs.withUnsafeBytes { inputs in
            tokens.withUnsafeBytes { tokens in
                var token = 0
                let size = 4 * width
                for start in stride(from: 0, to: inputs.count, by: size) {
                    while memcmp(inputs.baseAddress! + start, tokens.baseAddress! + token * size, size) != 0 {
                        token += 1
                    }
                    result.append(token)
                    token += 1
                }
            }
        }
        return result
    }

    /// What the original expert makes of some inputs before its last matrix.
    private func gated(expert: Int, inputs: [Float], rowCount: Int) throws -> [Float] {
        let width = model.plan.embeddingLength
        let length = model.plan.experts?.length ?? 0
        func product(_ role: TensorRole) throws -> [Float] {
            let weights = try model.matrix(role, layer: layer, expert: expert)
            return Products.multiplyTransposed(inputs, weights, m: rowCount, n: length, k: width)
        }
        let (gate, up) = (try product(.expertsGate), try product(.expertsUp))
        return zip(gate, up).map { $0 / (1 + exp(-$0)) * $1 }
    }
}
