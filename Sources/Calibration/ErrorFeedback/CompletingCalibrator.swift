import ModelArchitecture
import Parallelism
import Runtime
import Tensors
import WeightEncoding

/// Takes matrices that an earlier run has encoded as they are, and leaves the others to a calibrator.
///
/// A matrix's bytes depend on its inputs alone and not on what else is encoded at its site, and what follows sees the same
/// values whether they were just encoded or read: a model that is completed is the one that is written at once.
package final class CompletingCalibrator: PassQuantizer {
    private let calibrator: LayerCalibrator
    /// The model's tensors, those that are taken in their place.
    private let source: OverlayTensors
    private let taken: [String: Int]
    private let parallel: Parallel

    package init(_ calibrator: LayerCalibrator, source: OverlayTensors, taken: [String: Int], parallel: Parallel) {
        self.calibrator = calibrator
        self.source = source
        self.taken = taken
        self.parallel = parallel
    }

    package func quantize(_ site: ActivationSite, rows: PairedRows) throws {
        let open = site.places.filter { taken[name($0)] == nil }
        // The router's inputs are also what the layer's experts see together.
        let informs: [TensorRole] = site.input == .router ? [.expertsGate, .expertsUp] : []
        guard !open.isEmpty || informs.contains(where: { taken[TensorName($0, layer: site.layer).gguf] == nil }) else {
            return
        }
        try calibrator.quantize(open.map(calibrator.whole), of: site, rows: rows)
    }

    package func decode(_ place: MatrixPlace, into target: UnsafeMutablePointer<Float>) throws {
        guard let index = taken[name(place)] else { return try calibrator.decode(place, into: target) }
        try source.matrices(index).decode(of: place.expert, into: target, parallel: parallel)
    }

    package func endLayer(_ layer: Int, original: HiddenStates, quantized: HiddenStates) throws {
        try calibrator.endLayer(layer, original: original, quantized: quantized)
    }

    private func name(_ place: MatrixPlace) -> String { TensorName(place.role, layer: place.layer).gguf }
}
