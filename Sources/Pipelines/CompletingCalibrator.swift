import BlockFormats
import Files
import ModelArchitecture
import Parallelism
import Runtime
import Tensors

/// Tensors of a model that an earlier run has encoded, in files that are kept.
struct KeptTensors {
    /// Their bytes, by their places among the model's tensors.
    var places: [Int: (file: ReadableFile, offset: Int)] = [:]

    /// Puts a tensor in the place of the original's.
    ///
    /// - Returns: false if it is not kept.
    func restore(_ index: Int, as target: TensorDescriptor, in overlay: inout OverlayTensors) -> Bool {
        guard let place = places[index] else { return false }
        overlay.replace(index, by: target, .file(place.file, offset: place.offset))
        return true
    }
}

/// What calibration has to encode, and what it finds encoded.
struct CalibrationWork {
    /// The layer of each matrix that is to be encoded, by its place; nil for the output matrix.
    let layers: [Int: Int?]
    /// The last layer that texts must run through; nil if there is nothing to encode.
    let lastLayer: Int?
    let includesOutput: Bool
    /// Matrices that calibration would encode and that are kept, by name.
    let taken: [String: Int]

    /// - Parameter targets: what all tensors of the model become.
    init(_ targets: [TensorDescriptor], kept: KeptTensors, layerCount: Int) {
        var layers: [Int: Int?] = [:]
        var taken: [String: Int] = [:]
        for (index, target) in targets.enumerated() {
            guard let name = TensorName(gguf: target.name), Self.isCalibrated(name, target.type) else { continue }
            if kept.places[index] == nil { layers[index] = .some(name.layer) } else { taken[target.name] = index }
        }
        self.layers = layers
        self.taken = taken
        includesOutput = layers.values.contains(nil)
        lastLayer = includesOutput ? layerCount - 1 : layers.values.compactMap { $0 }.max()
    }

    /// Whether ``LayerCalibrator`` changes a tensor: a matrix that gets a type with scales and codes, or a router that
    /// stays in single precision.
    private static func isCalibrated(_ name: TensorName, _ type: TensorType) -> Bool {
        switch name.role {
        case .router: type == .f32
        case .attentionQuery, .attentionKey, .attentionValue, .attentionOutput, .feedForwardGate, .feedForwardUp,
            .feedForwardDown, .expertsGate, .expertsUp, .expertsDown, .sharedGate, .sharedUp, .sharedDown, .output:
            BlockFormats.codec(for: type) is any QuantizingCodec
        default: false
        }
    }

    /// The places of the matrices of a layer that are to be encoded.
    func indices(ofLayer layer: Int) -> Set<Int> { Set(layers.filter { $0.value == layer }.keys) }
}

/// Takes matrices that an earlier run has encoded as they are, and leaves the others to a calibrator.
///
/// A matrix's bytes depend on its inputs alone and not on what else is encoded at its site, and what follows sees the same
/// values whether they were just encoded or read: a model that is completed is the one that is written at once.
final class CompletingCalibrator: PassQuantizer {
    private let calibrator: LayerCalibrator
    /// The model's tensors, those that are taken in their place.
    private let source: OverlayTensors
    private let taken: [String: Int]
    private let parallel: Parallel

    init(_ calibrator: LayerCalibrator, source: OverlayTensors, taken: [String: Int], parallel: Parallel) {
        self.calibrator = calibrator
        self.source = source
        self.taken = taken
        self.parallel = parallel
    }

    func quantize(_ site: ActivationSite, rows: PairedRows) throws {
        let open = site.places.filter { taken[name($0)] == nil }
        // The router's inputs are also what the layer's experts see together.
        let informs: [TensorRole] = site.input == .router ? [.expertsGate, .expertsUp] : []
        guard !open.isEmpty || informs.contains(where: { taken[TensorName($0, layer: site.layer).gguf] == nil }) else {
            return
        }
        try calibrator.quantize(open, of: site, rows: rows)
    }

    func decode(_ place: MatrixPlace, into target: UnsafeMutablePointer<Float>) throws {
        guard let index = taken[name(place)] else { return try calibrator.decode(place, into: target) }
        try source.matrices(index).decode(of: place.expert, into: target, parallel: parallel)
    }

    func endLayer(_ layer: Int, original: HiddenStates, quantized: HiddenStates) throws {
        try calibrator.endLayer(layer, original: original, quantized: quantized)
    }

    private func name(_ place: MatrixPlace) -> String { TensorName(place.role, layer: place.layer).gguf }
}
