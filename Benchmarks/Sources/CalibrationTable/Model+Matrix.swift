import BlockFormats
import ModelArchitecture
import Pipelines
import TensorCore

extension TensorSource {
    /// The decoded values of some rows.
    func values(ofTensorAt index: Int, rows: Range<Int>) throws -> [Float] {
        let stored = tensors[index]
        var bytes = [UInt8](repeating: 0, count: rows.count * stored.rowByteCount)
        try bytes.withUnsafeMutableBytes { try readRows(ofTensorAt: index, rows: rows, into: $0) }
        var values = [Float](repeating: 0, count: rows.count * stored.shape.rowLength)
        BlockFormats.codec(for: stored.type)!.decode(bytes, count: values.count, into: &values)
        return values
    }
}

extension Model {
    /// The values of one matrix of a stack.
    func matrix(_ role: TensorRole, layer: Int?, expert: Int = 0) throws -> [Float] {
        let name = TensorName(role, layer: layer).gguf
        let index = tensors.tensors.firstIndex { $0.name == name }!
        let shape = tensors.tensors[index].shape
        let rowCount = shape.rank > 1 ? shape.dimensions[1] : 1
        return try tensors.values(ofTensorAt: index, rows: expert * rowCount..<(expert + 1) * rowCount)
    }
}
