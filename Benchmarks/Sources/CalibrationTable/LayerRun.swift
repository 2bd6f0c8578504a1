import ModelArchitecture
import Runtime
import TensorCore

/// One layer of a model as a model of its own: its vocabulary are the states that go in.
struct LayerRun {
    let plan: DecoderPlan
    let source: any TensorSource
    let layer: Int
    /// Rows of the residual stream before the layer.
    let states: [Float]
    let windowLength: Int
    let parallel: Parallel

    private struct Source: TensorSource {
        let base: any TensorSource
        let states: [Float]
        let tensors: [TensorDescriptor]
        /// Where the base has them; nil for the states.
        let places: [Int?]

        init(_ run: LayerRun, _ plan: DecoderPlan) {
            base = run.source
            states = run.states
            var tensors: [TensorDescriptor] = []
            var places: [Int?] = []
            for planned in plan.tensors {
                let name = planned.name.gguf
                if planned.name.role == .tokenEmbedding {
                    let shape = TensorShape([plan.embeddingLength, plan.vocabularySize])!
                    tensors.append(TensorDescriptor(name: name, shape: shape, type: .f32)!)
                    places.append(nil)
                } else {
                    let stored = TensorName(planned.name.role, layer: planned.name.layer.map { _ in run.layer }).gguf
                    let index = run.source.tensors.firstIndex { $0.name == stored }!
                    let tensor = run.source.tensors[index]
                    tensors.append(TensorDescriptor(name: name, shape: tensor.shape, type: tensor.type)!)
                    places.append(index)
                }
            }
            self.tensors = tensors
            self.places = places
        }

        func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
            if let place = places[index] { return try base.readRows(ofTensorAt: place, rows: rows, into: buffer) }
            let size = tensors[index].rowByteCount
            states.withUnsafeBytes {
                buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[rows.lowerBound * size..<rows.upperBound * size]))
            }
        }

        func origin(ofTensorAt index: Int, row: Int) -> RowOrigin { RowOrigin(file: "", tensor: "", row: row) }
    }

    /// Records the inputs of some sites.
    ///
    /// - Parameter isAttentionOnly: whether what comes after attention may be left out.
    /// - Returns: the inputs, under the layer's own number, and the residual stream after the layer.
    func run(
        recording inputs: Set<ActivationSite.Input>, isAttentionOnly: Bool = false
    ) throws -> (recorder: ActivationRecorder, states: [Float]) {
        var plan = plan
        let width = plan.embeddingLength
        plan.layerCount = 1
        plan.vocabularySize = states.count / width
        plan.tiesOutputToEmbedding = true
        if isAttentionOnly, var experts = plan.experts {
            experts.usedCount = 1
            plan.feedForward = .experts(experts)
        }
        let pass = try ForwardPass(plan: plan, source: Source(self, plan), path: "layer", parallel: parallel)
        let recorder = ActivationRecorder { inputs.contains($0.input) }
        var result: [Float] = []
        result.reserveCapacity(states.count)
        let count = states.count / width
        for start in stride(from: 0, to: count, by: 64 * windowLength) {
            let windows = stride(from: start, to: min(count, start + 64 * windowLength), by: windowLength)
                .map { first in (first..<first + windowLength).map { Int32($0) } }
            let hidden = try pass.run(windows, observer: recorder)
            if !isAttentionOnly {
                for row in 0..<hidden.rowCount { result += hidden.values(ofRow: row) }
            }
        }
        return (recorder, result)
    }
}
