import Files
import FoundationEssentials
import SafetensorsIO
import Shards
import Tensors
import TorchArchive

/// A checkpoint's tensors as weights, whatever files hold them and however they are stored.
///
/// F32, F16 and BF16 are read as they are, and F64 rounded to F32. FP8 (E4M3) with its scales becomes BF16: the product
/// is computed in F32 and rounded once, as the programs do that turn such checkpoints back into the BF16 they came from
/// (three bits of fraction and a scale leave nothing that F32 would keep). Scales are no weights and are not listed.
package final class CheckpointWeights: Sendable {
    /// A tensor of the checkpoint.
    package struct Entry: Sendable, Hashable {
        /// The name of the tensor in the checkpoint.
        package let name: String
        /// The dimensions, slowest first.
        package let shape: [Int]
        fileprivate let index: Int
    }

    /// The tensors in the order of the files, and in each file in its own order.
    package let tensors: [Entry]
    /// The files' paths.
    package let files: [String]
    /// The respects in which the weights are not as the files alone say.
    package let notes: [CheckpointNote]
    private let container: any WeightContainer
    private let stored: [StoredTensor]
    /// The scales of the tensors that have some, by the tensor's place in the container.
    private let scales: [Int: WeightScales]
    private let index: [ByteString: Int]

    /// Opens the safetensors files of a directory or, where there are none, those written by `torch.save`.
    ///
    /// - Parameter scaleBlockShape: rows and columns of weights that share a scale, where they are scaled in blocks.
    package init(directory: String, scaleBlockShape: [Int]) throws {
        let container = try Self.container(of: directory)
        let stored = container.storedTensors
        let (scales, scaleTensors) = try Self.scales(in: container, blockShape: scaleBlockShape)
        let activationScales = stored.indices.filter {
            !scaleTensors.contains($0) && WeightScales.isOfActivations(stored[$0].name)
        }
        let ignored = scaleTensors.union(activationScales)
        let tensors = stored.indices.filter { !ignored.contains($0) }
            .map { Entry(name: stored[$0].name, shape: stored[$0].shape, index: $0) }
        self.container = container
        self.stored = stored
        self.scales = scales
        self.tensors = tensors
        files = container.paths
        notes = Self.notes(container, activationScales: activationScales, directory: directory)
        index = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { (ByteString($1.name), $0) })
    }

    /// The names of the GGUF files in a folder that may be taken for a checkpoint.
    static func ggufFiles(in directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasSuffix(".gguf") }.sorted()
    }

    private static func container(of directory: String) throws -> any WeightContainer {
        do {
            return try SafetensorsSet(directory: directory)
        } catch let error as ShardError where error.kind == .noWeights {}
        do {
            return try TorchArchiveSet(directory: directory)
        } catch let error as ShardError where error.kind == .noWeights {
            throw CheckpointError(.noWeights(ggufFiles: ggufFiles(in: directory)), file: directory)
        }
    }

    private static func notes(
        _ container: any WeightContainer, activationScales: [Int], directory: String
    ) -> [CheckpointNote] {
        var notes: [CheckpointNote] = []
        if container.areFilesFoundByName {
            notes.append(CheckpointNote(.shardsWithoutIndex(count: container.paths.count), file: directory))
        }
        if let first = activationScales.first {
            let tensor = container.storedTensors[first]
            notes.append(
                CheckpointNote(
                    .activationScalesIgnored(count: activationScales.count),
                    file: container.paths[tensor.fileIndex], place: tensor.name))
        }
        return notes
    }

    /// The scales of every FP8 tensor, and the tensors that are nothing but scales.
    private static func scales(
        in container: any WeightContainer, blockShape: [Int]
    ) throws -> (scales: [Int: WeightScales], tensors: Set<Int>) {
        let stored = container.storedTensors
        let paths = container.paths
        let places = Dictionary(uniqueKeysWithValues: stored.enumerated().map { (ByteString($1.name), $0) })
        var scales: [Int: WeightScales] = [:]
        var tensors: Set<Int> = []
        for (number, tensor) in stored.enumerated() where tensor.type == .f8_E4M3 {
            func failure(_ kind: CheckpointError.Kind, of tensor: StoredTensor) -> CheckpointError {
                CheckpointError(kind, file: paths[tensor.fileIndex], tensor: tensor.name)
            }
            let candidates = WeightScales.suffixes.compactMap { places[ByteString(tensor.name + $0)] }
            guard let place = candidates.first else { throw failure(.missingScales, of: tensor) }
            guard candidates.count == 1 else {
                throw failure(.severalScales(candidates.map { stored[$0].name }), of: tensor)
            }
            let found = stored[place]
            guard let type = found.type.scaleType,
                let scale = WeightScales(found, type: type, index: place, of: tensor, blockShape: blockShape)
            else {
                throw failure(
                    .invalidScales(type: found.type.name, shape: found.shape, weights: tensor.shape), of: found)
            }
            scales[number] = scale
            tensors.insert(place)
        }
        return (scales, tensors)
    }

    /// The tensor of that name.
    package func entry(named name: String) -> Entry? { index[ByteString(name)].map { tensors[$0] } }

    /// What the tensors of these names are made of: as they are stored, with their scales.
    func content(of names: Set<String>) -> CheckpointContent {
        let used = tensors.filter { names.contains($0.name) }.map(\.index)
        return CheckpointContent(Set(used + used.compactMap { scales[$0]?.index }), of: container)
    }

    /// The path of the file that holds the tensor.
    package func path(of entry: Entry) -> String { files[stored[entry.index].fileIndex] }

    /// The tensor as it is read: its dimensions fastest first, a single number as a row of one.
    ///
    /// Throws ``CheckpointError`` if its elements are of a type that weights do not have, or it has none.
    package func weightDescriptor(of entry: Entry) throws -> TensorDescriptor {
        guard let type = stored[entry.index].type.weightType else {
            throw CheckpointError(
                .notWeights(type: stored[entry.index].type.name), file: path(of: entry), tensor: entry.name)
        }
        guard let shape = TensorShape(entry.shape.isEmpty ? [1] : entry.shape.reversed()),
            let descriptor = TensorDescriptor(name: entry.name, shape: shape, type: type)
        else { throw CheckpointError(.noElements(shape: entry.shape), file: path(of: entry), tensor: entry.name) }
        return descriptor
    }

    /// Reads some bytes of a tensor of weights, in the type that ``weightDescriptor(of:)`` gives.
    ///
    /// - Parameters:
    ///   - byteRange: counted from the tensor's first byte; whole elements.
    ///   - buffer: receives `byteRange.count` bytes.
    package func read(_ entry: Entry, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        let type = stored[entry.index].type
        guard let size = type.weightType?.blockByteCount else { preconditionFailure("not a tensor of weights") }
        switch type {
        case .f64, .f8_E4M3:
            precondition(byteRange.lowerBound.isMultiple(of: size) && byteRange.upperBound.isMultiple(of: size))
            precondition(buffer.count == byteRange.count)
            let elements = byteRange.lowerBound / size..<byteRange.upperBound / size
            if let scales = scales[entry.index] {
                try readScaled(entry, elements, scales, into: buffer)
            } else {
                try readRounded(entry, elements, into: buffer)
            }
        case .f32, .f16, .bf16, .other:
            try container.read(tensorAt: entry.index, byteRange: byteRange, into: buffer)
        }
    }
}

extension CheckpointWeights {
    /// Tells the system what will be done with some elements of a tensor.
    func advise(_ use: ExpectedUse, _ entry: Entry, elements: Range<Int>) {
        let type = stored[entry.index].type
        guard type.isReadAsStored, let size = type.weightType?.blockByteCount else { return }
        container.advise(
            use, tensorAt: entry.index, byteRange: elements.lowerBound * size..<elements.upperBound * size)
    }
}

// MARK: Types that change as they are read

extension CheckpointWeights {
    /// Elements that are converted at a time.
    private static let chunkLength = 1 << 13

    /// F64 to F32, to nearest, ties to even.
    private func readRounded(
        _ entry: Entry, _ elements: Range<Int>, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let length = min(elements.count, Self.chunkLength)
        try withUnsafeTemporaryAllocation(byteCount: 8 * length, alignment: 64) { chunk in
            var position = elements.lowerBound
            while position < elements.upperBound {
                let count = min(length, elements.upperBound - position)
                let numbers = UnsafeMutableRawBufferPointer(rebasing: chunk[..<(8 * count)])
                try container.read(
                    tensorAt: entry.index, byteRange: 8 * position..<8 * (position + count), into: numbers)
                NumberConversion.round(
                    UnsafeRawBufferPointer(numbers),
                    into: buffer.baseAddress! + 4 * (position - elements.lowerBound))
                position += count
            }
        }
    }

    /// FP8 times its scales to BF16.
    private func readScaled(
        _ entry: Entry, _ elements: Range<Int>, _ scales: WeightScales, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let columnCount = entry.shape.last ?? 1
        let length = min(elements.count, columnCount, Self.chunkLength)
        var factors = [Float](repeating: 0, count: scales.rowLength)
        var factorRow = -1
        try withUnsafeTemporaryAllocation(byteCount: length, alignment: 64) { chunk in
            var position = elements.lowerBound
            while position < elements.upperBound {
                let (row, column) = position.quotientAndRemainder(dividingBy: columnCount)
                let count = min(length, columnCount - column, elements.upperBound - position)
                let scaleRow = scales.scaleRow(ofRow: row)
                if scaleRow != factorRow {
                    try readFactors(scales, row: scaleRow, into: &factors)
                    factorRow = scaleRow
                }
                let codes = UnsafeMutableRawBufferPointer(rebasing: chunk[..<count])
                try container.read(tensorAt: entry.index, byteRange: position..<position + count, into: codes)
                NumberConversion.scale(
                    UnsafeRawBufferPointer(codes), column: column, factors: factors,
                    blockColumnCount: scales.blockColumnCount,
                    into: buffer.baseAddress! + 2 * (position - elements.lowerBound))
                position += count
            }
        }
    }

    private func readFactors(_ scales: WeightScales, row: Int, into factors: inout [Float]) throws {
        let size = scales.type.blockByteCount
        let count = factors.count
        try withUnsafeTemporaryAllocation(byteCount: count * size, alignment: 16) { bytes in
            try container.read(
                tensorAt: scales.index, byteRange: row * count * size..<(row + 1) * count * size, into: bytes)
            for element in 0..<count {
                if scales.type == .f32 {
                    factors[element] = Float(
                        bitPattern: UInt32(littleEndian: bytes.load(fromByteOffset: 4 * element, as: UInt32.self)))
                } else {
                    let pattern = UInt16(littleEndian: bytes.load(fromByteOffset: 2 * element, as: UInt16.self))
                    factors[element] =
                        scales.type == .bf16
                        ? BFloat16(bitPattern: pattern).floatValue : Float(Float16(bitPattern: pattern))
                }
            }
        }
    }
}

extension StoredType {
    /// The type that weights are read in; nil for types that weights do not have.
    fileprivate var weightType: TensorType? {
        switch self {
        case .f64, .f32: .f32
        case .f16: .f16
        case .bf16, .f8_E4M3: .bf16
        case .other: nil
        }
    }

    /// The type as that of scales; nil for types that scales do not have.
    fileprivate var scaleType: TensorType? {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        case .f64, .f8_E4M3, .other: nil
        }
    }
}
