import BlockFormats
import Files
import ModelArchitecture
import Tensors
import Testing

/// The matrices of another source encoded as a type, its vectors as they are.
struct EncodedTensors: TensorSource {
    let tensors: [TensorDescriptor]
    private let bytes: [[UInt8]]

    init(_ source: GeneratedTensors, as type: TensorType) throws {
        var tensors: [TensorDescriptor] = []
        var bytes: [[UInt8]] = []
        for (index, tensor) in source.tensors.enumerated() {
            let shape = tensor.shape
            let isVector = shape.rowCount == 1
            var encoded: [UInt8] = []
            for row in 0..<shape.rowCount {
                var values = [Float](repeating: 0, count: shape.rowLength)
                values.withUnsafeMutableBytes {
                    source.readRows(ofTensorAt: index, rows: row..<row + 1, into: $0)
                }
                encoded += try BlockFormats.encode(values, as: isVector ? .f32 : type)
            }
            tensors.append(
                try #require(TensorDescriptor(name: tensor.name, shape: shape, type: isVector ? .f32 : type)))
            bytes.append(encoded)
        }
        (self.tensors, self.bytes) = (tensors, bytes)
    }

    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
        let length = tensors[index].rowByteCount
        bytes[index][rows.lowerBound * length..<rows.upperBound * length].withUnsafeBytes {
            buffer.copyMemory(from: $0)
        }
    }

    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin {
        RowOrigin(file: "encoded", tensor: tensors[index].name, row: row)
    }
}
