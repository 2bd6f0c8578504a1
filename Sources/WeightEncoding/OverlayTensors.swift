import Files
import Tensors

/// A model's tensors, some of them replaced.
package struct OverlayTensors: TensorSource {
    package private(set) var tensors: [TensorDescriptor]
    private let base: any TensorSource
    private var replacements: [Int: Replacement] = [:]

    /// Where the bytes of a replaced tensor are.
    package enum Replacement: Sendable {
        case memory([UInt8])
        case file(ReadableFile, offset: Int)
    }

    package init(_ base: any TensorSource) {
        self.base = base
        tensors = base.tensors
    }

    package mutating func replace(_ index: Int, by tensor: TensorDescriptor, _ replacement: Replacement) {
        tensors[index] = tensor
        replacements[index] = replacement
    }

    package func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        let size = tensors[index].rowByteCount
        switch replacements[index] {
        case nil: try base.readRows(ofTensorAt: index, rows: rows, into: buffer)
        case .memory(let bytes):
            bytes.withUnsafeBytes {
                buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[rows.lowerBound * size..<rows.upperBound * size]))
            }
        case .file(let file, let offset): try file.read(at: offset + rows.lowerBound * size, into: buffer)
        }
    }

    package func advise(_ use: ExpectedUse, ofTensorAt index: Int, rows: Range<Int>) {
        if replacements[index] == nil { base.advise(use, ofTensorAt: index, rows: rows) }
    }

    package func origin(ofTensorAt index: Int, row: Int) -> RowOrigin { base.origin(ofTensorAt: index, row: row) }
}
