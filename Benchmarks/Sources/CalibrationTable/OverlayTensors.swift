import TensorCore

/// A model's tensors with some replaced by others of the same names, in memory.
struct OverlayTensors: TensorSource {
    let base: any TensorSource
    private(set) var tensors: [TensorDescriptor]
    private var replacements: [Int: [UInt8]] = [:]

    init(_ base: any TensorSource) {
        self.base = base
        tensors = base.tensors
    }

    mutating func replace(at index: Int, by tensor: TensorDescriptor, bytes: [UInt8]) {
        precondition(bytes.count == tensor.byteCount && tensor.name == tensors[index].name)
        tensors[index] = tensor
        replacements[index] = bytes
    }

    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard let bytes = replacements[index] else {
            return try base.readRows(ofTensorAt: index, rows: rows, into: buffer)
        }
        let size = tensors[index].rowByteCount
        bytes.withUnsafeBytes {
            buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: $0[rows.lowerBound * size..<rows.upperBound * size]))
        }
    }

    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin { base.origin(ofTensorAt: index, row: row) }
}
