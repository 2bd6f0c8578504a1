import Calibration
import ModelArchitecture
import Runtime
import Tensors

/// Tells the progress of calibration by the weights that have been encoded.
final class MatrixMeter {
    private let layerCount: Int
    private let progress: ProgressHandler
    /// The weights of each layer's calibrated matrices.
    private let weightCounts: [Int: Int]
    private let total: Int
    /// The weights of the layers that are finished.
    private var finished = 0
    /// The weights of this layer that are encoded.
    private var encoded = 0

    /// - Parameter lastLayer: the last that is run; the output's weights count as another behind it.
    init(_ targets: [TensorDescriptor], layerCount: Int, lastLayer: Int, progress: @escaping ProgressHandler) {
        self.layerCount = layerCount
        self.progress = progress
        var counts: [Int: Int] = [:]
        for target in targets {
            guard let name = TensorName(gguf: target.name), CalibrationWork.isCalibrated(name, target.type) else {
                continue
            }
            counts[name.layer ?? layerCount, default: 0] += target.shape.elementCount
        }
        weightCounts = counts
        total = max(1, counts.reduce(0) { $0 + ($1.key <= lastLayer || $1.key == layerCount ? $1.value : 0) })
        progress(.extent(.weights(total)))
    }

    /// Adds weights of a matrix that have been encoded.
    func add(_ place: MatrixPlace, weightCount: Int) {
        encoded += weightCount
        progress(
            .part(
                .matrix(
                    TensorName(place.role, layer: place.layer).gguf, layer: place.layer, layerCount: layerCount,
                    expert: place.expert)))
        progress(.fraction(min(1, Double(finished + encoded) / Double(total))))
    }

    /// Counts all weights of a layer.
    func finish(layer: Int) {
        finished += weightCounts[layer] ?? 0
        encoded = 0
        progress(.fraction(min(1, Double(finished) / Double(total))))
    }
}
