import ModelArchitecture
import Safetensors
import TensorCore

/// A checkpoint's weights under their GGUF names: permuted, stacked and padded as rows are read, nothing ahead.
struct CheckpointTensors: TensorSource {
    let tensors: [TensorDescriptor]
    private let stacks: [Stack]
    private let files: SafetensorsSet

    /// A weight and the stored matrices it consists of.
    private struct Stack {
        let layout: TensorLayout
        let matrices: [SafetensorsSet.Entry]
        let elementByteCount: Int
    }

    /// - Parameter plan: the architecture's plan with its experts padded.
    init(files: SafetensorsSet, directory: String, architecture: any CheckpointArchitecture, plan: DecoderPlan) throws {
        var tensors: [TensorDescriptor] = []
        var stacks: [Stack] = []
        var used: Set<String> = []
        for planned in plan.tensors {
            let layout = architecture.layout(of: planned.name, padded: plan)
            let matrices = try layout.sources.map { name in
                guard let tensor = files.entry(named: name) else {
                    throw CheckpointError(.missingTensor, file: directory, tensor: name)
                }
                return tensor
            }
            let type = try Self.commonType(of: matrices, in: files)
            let expected =
                planned.dimensions.count > 1 ? [layout.storedRows, layout.storedColumns] : [layout.storedColumns]
            for matrix in matrices where matrix.shape != expected {
                throw CheckpointError(
                    .wrongShape(found: matrix.shape, expected: expected), file: files.path(of: matrix),
                    tensor: matrix.name)
            }
            guard let shape = TensorShape(planned.dimensions),
                let descriptor = TensorDescriptor(name: planned.name.gguf, shape: shape, type: type)
            else {
                throw CheckpointError(
                    .wrongShape(found: matrices[0].shape, expected: planned.dimensions.reversed()), file: directory,
                    tensor: matrices[0].name)
            }
            tensors.append(descriptor)
            stacks.append(Stack(layout: layout, matrices: matrices, elementByteCount: type.blockByteCount))
            used.formUnion(layout.sources)
        }
        let unknown = files.tensors.map(\.name).filter { !used.contains($0) && !architecture.isIgnored($0) }
        guard unknown.isEmpty else { throw CheckpointError(.unknownTensors(unknown), file: directory) }
        self.tensors = tensors
        self.stacks = stacks
        self.files = files
    }

    private static func commonType(of matrices: [SafetensorsSet.Entry], in files: SafetensorsSet) throws -> TensorType {
        let type = try files.weightDescriptor(of: matrices[0]).type
        for matrix in matrices {
            let other = try files.weightDescriptor(of: matrix).type
            guard other == type else {
                throw CheckpointError(
                    .mixedTypes(type.name, other.name), file: files.path(of: matrix), tensor: matrix.name)
            }
        }
        return type
    }

    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        let stack = stacks[index]
        let layout = stack.layout
        let rowByteCount = layout.columns * stack.elementByteCount
        precondition(buffer.count == rows.count * rowByteCount)
        var row = rows.lowerBound
        while row < rows.upperBound {
            let (matrix, inner) = row.quotientAndRemainder(dividingBy: layout.rows)
            let run = inner..<min(layout.rows, inner + rows.upperBound - row)
            let start = (row - rows.lowerBound) * rowByteCount
            let target = UnsafeMutableRawBufferPointer(
                rebasing: buffer[start..<start + run.count * rowByteCount])
            try read(run, of: stack.matrices[matrix], stack, into: target)
            row += run.count
        }
    }

    /// Reads rows of one matrix of a stack, padding included.
    private func read(
        _ rows: Range<Int>, of matrix: SafetensorsSet.Entry, _ stack: Stack, into target: UnsafeMutableRawBufferPointer
    ) throws {
        let layout = stack.layout
        let storedByteCount = layout.storedColumns * stack.elementByteCount
        let rowByteCount = layout.columns * stack.elementByteCount
        if case .asStored = layout.rowOrder {
            let stored = rows.clamped(to: 0..<layout.storedRows)
            let filled = UnsafeMutableRawBufferPointer(rebasing: target[..<(stored.count * rowByteCount)])
            // The rows are read in one go to the end of their room, and move from there to where each begins.
            let packed = UnsafeMutableRawBufferPointer(
                rebasing: filled[(stored.count * (rowByteCount - storedByteCount))...])
            try files.read(
                matrix, byteRange: stored.lowerBound * storedByteCount..<stored.upperBound * storedByteCount,
                into: packed)
            if storedByteCount < rowByteCount {
                for position in 0..<stored.count {
                    let start = position * rowByteCount
                    UnsafeMutableRawBufferPointer(rebasing: filled[start..<start + storedByteCount]).copyMemory(
                        from: UnsafeRawBufferPointer(
                            rebasing: packed[position * storedByteCount..<(position + 1) * storedByteCount]))
                    Self.clear(filled[start + storedByteCount..<start + rowByteCount])
                }
            }
            Self.clear(target[filled.count...])
            return
        }
        for (position, row) in rows.enumerated() {
            let start = position * rowByteCount
            var filled = start
            if let stored = layout.storedRow(row) {
                filled += storedByteCount
                try files.read(
                    matrix, byteRange: stored * storedByteCount..<(stored + 1) * storedByteCount,
                    into: UnsafeMutableRawBufferPointer(rebasing: target[start..<filled]))
            }
            Self.clear(target[filled..<start + rowByteCount])
        }
    }

    private static func clear(_ bytes: Slice<UnsafeMutableRawBufferPointer>) {
        UnsafeMutableRawBufferPointer(rebasing: bytes).initializeMemory(as: UInt8.self, repeating: 0)
    }
}
