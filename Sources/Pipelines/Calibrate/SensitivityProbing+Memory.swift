import Calibration
import Evaluation
import Models
import Numerics
import Runtime
import Tensors

extension SensitivityProbing {
    /// Fails if memory is too small for some probes.
    func checkMemory(_ model: Model, _ pass: ForwardPass, _ windows: Windows, probeCount: Int) throws {
        let (fitting, heldOut) = (sample(of: windows.fitting), windows.heldOut)
        let probe = PerturbationProbe(pass, windows: heldOut)
        try compute.memory.demand(
            .largest([
                samplingWorkingSet(pass, fitting, heldOut.map(\.tokens)),
                probe.workingSet(perturbationCount: probeCount) + Self.encodedWorkingSet(model),
            ])
        ) {
            CalibrationError(
                .statesTooLarge(
                    neededByteCount: $0, budgetByteCount: $1, windowCount: fitting.count + heldOut.count))
        }
    }

    /// The streams of both sets of windows, the inputs of a stage of one, and the moments of a layer of both.
    private func samplingWorkingSet(
        _ pass: ForwardPass, _ fitting: [TokenSequence], _ heldOut: [TokenSequence]
    ) -> WorkingSet {
        let sampling = SensitivitySampling.workingSet(
            pass.plan, types: Self.types, policy, threadCount: compute.parallel.threadCount)
        let sizes = [fitting, heldOut].map { BatchSize($0) }
        let layers = sizes.map {
            pass.workingSet($0) + pass.stageWorkingSet(tokenCount: $0.tokenCount)
                + HessianCollector.inputWorkingSet(pass.plan, tokenCount: $0.tokenCount)
        }
        return sizes.reduce(sampling.moments) {
            $0
                + HiddenStates.workingSet(
                    "residual stream", rowCount: $1.tokenCount, columns: pass.plan.embeddingLength)
        } + .largest(layers + [sampling.site])
    }

    /// The memory of the encoded matrices of a part: every one in the types of all probes.
    private static func encodedWorkingSet(_ model: Model) -> WorkingSet {
        let parts = Dictionary(grouping: model.tensors.tensors, by: { SensitivityProbe.part($0.name) })
        return .largest(
            parts.values.map { tensors in
                tensors.filter { $0.shape.rowCount > 1 }.reduce(.none) { sum, tensor in
                    SensitivitySampling.Probe.allCases.reduce(sum) {
                        let type = $1.type(rowLength: tensor.shape.rowLength)
                        let target = TensorDescriptor(name: tensor.name, shape: tensor.shape, type: type)
                        return $0 + WorkingSet("encoded matrices", byteCount: target?.byteCount ?? 0)
                    }
                }
            })
    }
}
