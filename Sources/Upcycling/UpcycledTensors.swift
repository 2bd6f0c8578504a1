import BlockFormats
import Checkpoints
import Files
import FoundationEssentials
import ModelArchitecture
import Tensors

/// The tensors of an upcycled checkpoint, under its family's names: rows of the dense one's, read and scaled as they are asked
/// for, and the rows of the router.
///
/// What a row is does not depend on which rows are read beside it, so that threads may read in any order.
public struct UpcycledTensors: TensorSource {
    /// The tensors in the order of the files they make: layer by layer.
    public let tensors: [TensorDescriptor]
    private let contents: [Content]
    private let weights: CheckpointWeights
    private let plan: UpcyclingPlan
    private let directory: String
    private let perturbation: ExpertPerturbation?

    /// What a tensor's rows are.
    private enum Content {
        /// Rows of a dense tensor from one on.
        case rows(CheckpointWeights.Entry, first: Int)
        /// Columns of a dense tensor from one on, times a number.
        case columns(CheckpointWeights.Entry, first: Int, factor: Float)
        /// The router of a layer.
        case router(layer: Int)
    }

    /// The tensors of a plan; nothing is read yet.
    ///
    /// - Parameters:
    ///   - checkpoint: The dense checkpoint, with its weights.
    ///   - plan: What it becomes.
    /// - Throws: errors of the checkpoint's tensors.
    public init(_ checkpoint: Checkpoint, _ plan: UpcyclingPlan) throws {
        guard let weights = checkpoint.weights, let content = checkpoint.content else {
            preconditionFailure("the weights are read")
        }
        var list = TensorList(weights: weights, plan: plan)
        let used = Set(content.tensors.map(\.name))
        try list.appendAll(weights.tensors.filter { used.contains($0.name) })
        tensors = list.tensors
        contents = list.contents
        self.weights = weights
        self.plan = plan
        directory = checkpoint.directory
        perturbation = ExpertPerturbation(plan, sites: list.sites)
    }

    /// Reads rows of a tensor, as `TensorSource` demands.
    public func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        try readSlice(ofTensorAt: index, rows: rows, into: buffer)
        guard let perturbation else { return }
        try perturbation.apply(toTensorAt: index, tensors[index], rows: rows, buffer) {
            try readSlice(ofTensorAt: index, rows: $0, into: $1)
        }
    }

    /// The tensor's row in the dense checkpoint; of the router its own name.
    public func origin(ofTensorAt index: Int, row: Int) -> RowOrigin {
        switch contents[index] {
        case .rows(let entry, let first):
            RowOrigin(file: weights.path(of: entry), tensor: entry.name, row: first + row)
        case .columns(let entry, _, _): RowOrigin(file: weights.path(of: entry), tensor: entry.name, row: row)
        case .router: RowOrigin(file: directory, tensor: tensors[index].name, row: row)
        }
    }

    /// What the rows are before experts are changed.
    private func readSlice(
        ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let tensor = tensors[index]
        let size = tensor.rowByteCount
        precondition(buffer.count == rows.count * size)
        switch contents[index] {
        case .rows(let entry, let first):
            try weights.read(
                entry, byteRange: (first + rows.lowerBound) * size..<(first + rows.upperBound) * size, into: buffer)
        case .columns(let entry, let first, let factor):
            let elementSize = tensor.type.blockByteCount
            let stride = (entry.shape.last ?? 1) * elementSize
            if stride == size {
                try weights.read(entry, byteRange: rows.lowerBound * size..<rows.upperBound * size, into: buffer)
            } else {
                for (position, row) in rows.enumerated() {
                    let start = row * stride + first * elementSize
                    let target = UnsafeMutableRawBufferPointer(
                        rebasing: buffer[position * size..<(position + 1) * size])
                    try weights.read(entry, byteRange: start..<start + size, into: target)
                }
            }
            guard factor != 1 else { return }
            let count = rows.count * tensor.shape.rowLength
            guard let value = PlainNumbers(tensor.type).scale(buffer.baseAddress!, count: count, by: factor) else {
                return
            }
            throw UpcyclingError(
                .overflow(value: value, type: tensor.type.name), file: weights.path(of: entry), place: entry.name)
        case .router(let layer):
            for (position, row) in rows.enumerated() {
                let group = plan.group(ofExpert: row)
                var random = NormalNumbers(seed: plan.options.seed, 1, layer, group)
                let values = (0..<tensor.shape.rowLength).map { _ in random.next() * Float(plan.options.routerScale) }
                PlainNumbers(tensor.type).encode(values, into: buffer.baseAddress! + position * size)
            }
        }
    }

    /// The tensors and their contents, as they are listed.
    private struct TensorList {
        let weights: CheckpointWeights
        let plan: UpcyclingPlan
        var tensors: [TensorDescriptor] = []
        var contents: [Content] = []
        /// Experts' matrices, by their places in ``tensors``.
        var sites: [Int: ExpertPerturbation.Site] = [:]

        /// The embedding, the layers in their order, and the rest.
        mutating func appendAll(_ entries: [CheckpointWeights.Entry]) throws {
            var layers = [[CheckpointWeights.Entry]](repeating: [], count: plan.decoder.layerCount)
            var blocks: [String: CheckpointWeights.Entry] = [:]
            var others: [CheckpointWeights.Entry] = []
            for entry in entries {
                guard let layer = Self.layer(of: entry.name) else {
                    others.append(entry)
                    continue
                }
                if UpcyclingForm.Matrix.allCases.contains(where: { UpcyclingForm.dense($0, layer: layer) == entry.name }
                ) {
                    blocks[entry.name] = entry
                } else {
                    layers[layer].append(entry)
                }
            }
            let isEmbedding = { (entry: CheckpointWeights.Entry) in entry.name.hasSuffix("embed_tokens.weight") }
            for entry in others where isEmbedding(entry) { try append(entry) }
            for (layer, entries) in layers.enumerated() {
                for entry in entries { try append(entry) }
                try appendBlock(layer) { matrix in
                    guard let entry = blocks[UpcyclingForm.dense(matrix, layer: layer)] else {
                        preconditionFailure("a dense checkpoint has its blocks")
                    }
                    return entry
                }
            }
            for entry in others where !isEmbedding(entry) { try append(entry) }
        }

        /// The layer of `model.layers.7.…`.
        private static func layer(of name: String) -> Int? {
            let parts = name.split(separator: ".")
            guard parts.count > 3, parts[1] == "layers" else { return nil }
            return Int(parts[2])
        }

        private mutating func append(_ entry: CheckpointWeights.Entry) throws {
            tensors.append(try weights.weightDescriptor(of: entry))
            contents.append(.rows(entry, first: 0))
        }

        private mutating func append(_ name: String, _ dimensions: [Int], _ type: TensorType, _ content: Content) {
            guard let shape = TensorShape(dimensions),
                let tensor = TensorDescriptor(name: name, shape: shape, type: type)
            else { preconditionFailure("a part of a tensor is smaller than the tensor") }
            tensors.append(tensor)
            contents.append(content)
        }

        private mutating func appendBlock(
            _ layer: Int, _ entry: (UpcyclingForm.Matrix) -> CheckpointWeights.Entry
        ) throws {
            let (options, length, width) = (plan.options, plan.length, plan.decoder.embeddingLength)
            let type = try weights.weightDescriptor(of: entry(.gate)).type
            append(
                plan.form.router(layer: layer), [width, options.expertCount], type, .router(layer: layer))
            func part(_ matrix: UpcyclingForm.Matrix, _ name: String, slices: Range<Int>, factor: Int) throws {
                let entry = entry(matrix)
                let type = try weights.weightDescriptor(of: entry).type
                let (first, inner) = (slices.lowerBound * length, slices.count * length)
                if matrix == .down {
                    append(name, [inner, width], type, .columns(entry, first: first, factor: Float(factor)))
                } else {
                    append(name, [width, inner], type, .rows(entry, first: first))
                }
            }
            if options.sharedCount > 0 {
                for matrix in UpcyclingForm.Matrix.allCases {
                    try part(
                        matrix, UpcyclingForm.shared(matrix, layer: layer), slices: 0..<options.sharedCount, factor: 1)
                }
            }
            for expert in 0..<options.expertCount {
                let slice = plan.slice(ofExpert: expert)
                for matrix in UpcyclingForm.Matrix.allCases {
                    sites[tensors.count] = .init(layer: layer, expert: expert, slice: slice, matrix: matrix)
                    try part(
                        matrix, plan.form.expert(matrix, expert, layer: layer), slices: slice..<slice + 1,
                        factor: plan.groupSize)
                }
            }
        }
    }
}
