import Files
import ModelArchitecture
import Platform
import Tensors

/// A checkpoint's weights under their GGUF names: permuted, stacked and padded as rows are read, nothing ahead.
struct CheckpointTensors: TensorSource {
    let tensors: [TensorDescriptor]
    /// What the weights are made of.
    let content: CheckpointContent
    private let stacks: [Stack]
    private let files: CheckpointWeights
    /// The respects in which the weights are not as the files alone say.
    let notes: [CheckpointNote]

    /// A weight and the stored tensors it consists of.
    private struct Stack {
        let layout: TensorLayout
        let sources: [CheckpointWeights.Entry]
        /// What all of them are read as.
        let type: TensorType

        var elementByteCount: Int { type.blockByteCount }
    }

    /// - Parameter plan: the architecture's plan with its experts padded.
    init(files: CheckpointWeights, directory: String, architecture: any CheckpointArchitecture, plan: DecoderPlan)
        throws
    {
        var tensors: [TensorDescriptor] = []
        var stacks: [Stack] = []
        var used: Set<String> = []
        var mixed: [(first: CheckpointWeights.Entry, types: [TensorType])] = []
        for planned in plan.tensors {
            let layout = architecture.layout(of: planned.name, padded: plan) { files.entry(named: $0) != nil }
            let sources = try layout.sources.map { name in
                guard let tensor = files.entry(named: name) else {
                    throw CheckpointError(.missingTensor, file: directory, tensor: name)
                }
                return tensor
            }
            let types = try sources.map { try files.weightDescriptor(of: $0).type }
            let type = CheckpointWeights.commonType(of: types)
            if let other = zip(sources, types).first(where: { $1 != types[0] }) { mixed.append((other.0, types)) }
            for source in sources where source.shape != layout.sourceShape {
                throw CheckpointError(
                    .wrongShape(found: source.shape, expected: layout.sourceShape), file: files.path(of: source),
                    tensor: source.name)
            }
            guard let shape = TensorShape(planned.dimensions),
                let descriptor = TensorDescriptor(name: planned.name.gguf, shape: shape, type: type)
            else {
                throw CheckpointError(
                    .wrongShape(found: sources[0].shape, expected: planned.dimensions.reversed()), file: directory,
                    tensor: sources[0].name)
            }
            tensors.append(descriptor)
            stacks.append(Stack(layout: layout, sources: sources, type: type))
            used.formUnion(layout.sources)
        }
        let unknown = files.tensors.map(\.name).filter { !used.contains($0) && !architecture.isIgnored($0) }
        guard unknown.isEmpty else { throw CheckpointError(.unknownTensors(unknown), file: directory) }
        self.tensors = tensors
        content = files.content(of: used)
        self.stacks = stacks
        self.files = files
        notes =
            mixed.first.map { first, types in
                let names = Set(types.map(\.name)).sorted()
                return [
                    CheckpointNote(
                        .expertTypesWidened(types: names, type: TensorType.f32.name, tensorCount: mixed.count),
                        file: files.path(of: first), place: first.name)
                ]
            } ?? []
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
            try read(run, ofMatrix: matrix, of: stack, into: target)
            row += run.count
        }
    }

    func advise(_ use: ExpectedUse, ofTensorAt index: Int, rows: Range<Int>) {
        let stack = stacks[index]
        let layout = stack.layout
        for matrix in rows.lowerBound / layout.rows..<(rows.upperBound + layout.rows - 1) / layout.rows {
            let location = layout.location(ofMatrix: matrix)
            let first = location.firstRow * layout.storedColumns
            files.advise(
                use, stack.sources[location.source], elements: first..<first + layout.storedRows * layout.storedColumns)
        }
    }

    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin {
        let stack = stacks[index]
        let (matrix, inner) = row.quotientAndRemainder(dividingBy: stack.layout.rows)
        let location = stack.layout.location(ofMatrix: matrix)
        let source = stack.sources[location.source]
        return RowOrigin(
            file: files.path(of: source), tensor: source.name,
            row: location.firstRow + (stack.layout.storedRow(inner) ?? inner))
    }

    /// Reads rows of one matrix of a stack, padding included.
    private func read(
        _ rows: Range<Int>, ofMatrix matrix: Int, of stack: Stack, into target: UnsafeMutableRawBufferPointer
    ) throws {
        let layout = stack.layout
        let location = layout.location(ofMatrix: matrix)
        let source = stack.sources[location.source]
        let storedByteCount = layout.storedColumns * stack.elementByteCount
        let rowByteCount = layout.columns * stack.elementByteCount
        if case .asStored = layout.rowOrder {
            let stored = rows.clamped(to: 0..<layout.storedRows)
            let filled = UnsafeMutableRawBufferPointer(rebasing: target[..<(stored.count * rowByteCount)])
            // The rows are read in one go to the end of their room, and move from there to where each begins.
            let packed = UnsafeMutableRawBufferPointer(
                rebasing: filled[(stored.count * (rowByteCount - storedByteCount))...])
            let start = (location.firstRow + stored.lowerBound) * layout.storedColumns
            try files.read(
                source, elements: start..<start + stored.count * layout.storedColumns, as: stack.type, into: packed)
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
                let offset = (location.firstRow + stored) * layout.storedColumns
                try files.read(
                    source, elements: offset..<offset + layout.storedColumns, as: stack.type,
                    into: UnsafeMutableRawBufferPointer(rebasing: target[start..<filled]))
            }
            Self.clear(target[filled..<start + rowByteCount])
        }
    }

    private static func clear(_ bytes: Slice<UnsafeMutableRawBufferPointer>) {
        if let start = UnsafeMutableRawBufferPointer(rebasing: bytes).baseAddress { memset(start, 0, bytes.count) }
    }
}
