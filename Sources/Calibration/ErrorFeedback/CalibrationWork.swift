import BlockFormats
import Files
import ModelArchitecture
import Tensors
import WeightEncoding

/// Tensors of a model that an earlier run has encoded, in files that are kept.
package struct KeptTensors {
    /// Their bytes, by their places among the model's tensors.
    package var places: [Int: (file: ReadableFile, offset: Int)] = [:]

    package init() {}

    /// Puts a tensor in the place of the original's.
    ///
    /// - Returns: false if it is not kept.
    package func restore(_ index: Int, as target: TensorDescriptor, in overlay: inout OverlayTensors) -> Bool {
        guard let place = places[index] else { return false }
        overlay.replace(index, by: target, .file(place.file, offset: place.offset))
        return true
    }
}

/// What calibration has to encode, and what it finds encoded.
package struct CalibrationWork {
    /// The layer of each matrix that is to be encoded, by its place; nil for the output matrix.
    package let layers: [Int: Int?]
    /// The last layer that texts must run through; nil if there is nothing to encode.
    package let lastLayer: Int?
    package let includesOutput: Bool
    /// Matrices that calibration would encode and that are kept, by name.
    package let taken: [String: Int]

    /// - Parameter targets: what all tensors of the model become.
    package init(_ targets: [TensorDescriptor], kept: KeptTensors, layerCount: Int) {
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
    package static func isCalibrated(_ name: TensorName, _ type: TensorType) -> Bool {
        switch name.role {
        case .router: type == .f32
        case .attentionQuery, .attentionKey, .attentionValue, .attentionOutput, .feedForwardGate, .feedForwardUp,
            .feedForwardDown, .expertsGate, .expertsUp, .expertsDown, .sharedGate, .sharedUp, .sharedDown, .output:
            BlockFormats.codec(for: type) is any QuantizingCodec
        default: false
        }
    }

    /// The places of the matrices of a layer that are to be encoded.
    package func indices(ofLayer layer: Int) -> Set<Int> { Set(layers.filter { $0.value == layer }.keys) }
}
