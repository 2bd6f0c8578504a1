import Tensors
import Testing

/// Tensors of float32 values in memory.
struct MemoryTensors: TensorSource {
    let tensors: [TensorDescriptor]
    private let values: [[Float]]

    init(all tensors: [(TensorDescriptor, [Float])]) {
        self.tensors = tensors.map(\.0)
        values = tensors.map(\.1)
    }

    static func tensor(_ name: String, _ dimensions: [Int], _ values: [Float]) throws -> (TensorDescriptor, [Float]) {
        let shape = try #require(TensorShape(dimensions))
        #expect(shape.elementCount == values.count)
        return (try #require(TensorDescriptor(name: name, shape: shape, type: .f32)), values)
    }

    /// The same with the values of some tensors multiplied.
    func scaled(_ names: Set<String>, by factor: Float) -> MemoryTensors {
        MemoryTensors(
            all: zip(tensors, values).map { tensor, values in
                (tensor, names.contains(tensor.name) ? values.map { $0 * factor } : values)
            })
    }

    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
        let length = tensors[index].shape.rowLength
        values[index][rows.lowerBound * length..<rows.upperBound * length].withUnsafeBytes {
            buffer.copyMemory(from: $0)
        }
    }

    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin {
        RowOrigin(file: "layer", tensor: tensors[index].name, row: row)
    }
}
