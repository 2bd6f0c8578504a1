import ModelArchitecture
import Tensors
import Testing

/// Tensors of a plan whose values are made up when they are read: no memory holds them.
struct GeneratedTensors: TensorSource {
    let tensors: [TensorDescriptor]

    init(_ plan: DecoderPlan) throws {
        tensors = try plan.tensors.map { planned in
            let shape = try #require(TensorShape(planned.dimensions))
            return try #require(TensorDescriptor(name: planned.name.gguf, shape: shape, type: .f32))
        }
    }

    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
        let values = buffer.bindMemory(to: Float.self)
        let shape = tensors[index].shape
        let scale = 2 / Float(shape.rowLength).squareRoot()
        var state = UInt32(truncatingIfNeeded: index &* 7919 &+ rows.lowerBound &* 104_729)
        for place in values.indices {
            state = state &* 1_664_525 &+ 1_013_904_223
            values[place] = shape.rowCount == 1 ? 1 : (Float(state >> 8) * 0x1p-24 - 0.5) * scale
        }
    }

    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin {
        RowOrigin(file: "generated", tensor: tensors[index].name, row: row)
    }
}
