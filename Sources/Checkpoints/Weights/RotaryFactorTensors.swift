import Files
import ModelArchitecture
import Tensors

/// A checkpoint's weights and the rotary frequency factors, which no checkpoint stores.
struct RotaryFactorTensors: TensorSource {
    let tensors: [TensorDescriptor]
    private let stored: any TensorSource
    private let factors: [Float]
    /// The path of the file that configures the scaling.
    private let configurationPath: String

    /// - Parameters:
    ///   - rope: the embedding whose scaling becomes the factors.
    ///   - configurationPath: the file that describes the scaling.
    init(_ stored: any TensorSource, rope: DecoderPlan.RotaryEmbedding, configurationPath: String) {
        self.stored = stored
        self.configurationPath = configurationPath
        factors = rope.frequencyFactors
        let name = TensorName(.rotaryFactors).gguf
        guard let shape = TensorShape([factors.count]),
            let descriptor = TensorDescriptor(name: name, shape: shape, type: .f32)
        else { preconditionFailure("a head has at least one pair") }
        tensors = stored.tensors + [descriptor]
    }

    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard index == stored.tensors.count else {
            return try stored.readRows(ofTensorAt: index, rows: rows, into: buffer)
        }
        precondition(buffer.count == rows.count * tensors[index].rowByteCount)
        if !rows.isEmpty { factors.withUnsafeBytes { buffer.copyMemory(from: $0) } }
    }

    func advise(_ use: ExpectedUse, ofTensorAt index: Int, rows: Range<Int>) {
        if index < stored.tensors.count { stored.advise(use, ofTensorAt: index, rows: rows) }
    }

    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin {
        index == stored.tensors.count
            ? RowOrigin(file: configurationPath, tensor: tensors[index].name, row: row)
            : stored.origin(ofTensorAt: index, row: row)
    }
}
