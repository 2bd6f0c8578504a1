import ErrorFeedback
import Files
import GGUF
import Manifests
import ModelArchitecture
import Numerics
import Runtime
import Tensors

/// A file of second moments, open for reading and known to be of a model's shape, but for the padding of its experts.
///
/// Hidden units of padding are zero, and so are their moments: files of the padded model serve the one without padding,
/// and the other way round.
///
/// Memory holds the number of rows of each site; moments are read, and checked, when they are asked for.
public final class HessianFile: Sendable {
    /// The path of the file.
    public let path: String
    /// The model and the texts that the moments were collected from.
    public let origin: HessianOrigin
    /// The blocks that wide inputs are cut into.
    public let blocks: ColumnBlocks
    private let file: GGUFFile
    private let entries: [HessianSite: Entry]

    private struct Entry {
        let rowCount: Int
        /// The columns that the file has of these inputs.
        let columnCount: Int
        /// Places of tensors in the file.
        let diagonal: Int
        let correlations: Int
    }

    /// Opens a file of second moments.
    ///
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - plan: the plan of the model that the file must belong to.
    /// - Throws: ``HessianError`` if the file is damaged or does not belong to the model; `GGUFError` if it is no
    ///   proper GGUF file, `FileError` if it cannot be read.
    public init(path: String, plan: DecoderPlan) throws {
        let file = try GGUFFile(path: path)
        guard file.metadata.string(HessianKey.type) == HessianKey.typeName else {
            throw HessianError(.notHessian(type: file.metadata.string(HessianKey.type)), path: path)
        }
        self.path = path
        self.file = file
        origin = try Self.origin(of: file)
        blocks = try Self.blocks(of: file)
        var entries: [HessianSite: Entry] = [:]
        var known: Set<Int> = []
        for site in HessianSite.all(of: plan, blocks) {
            let stored = site.stored(in: file, plan: plan, blocks)
            guard let tensors = stored.tensors else { throw HessianError(.tooLarge, path: path, tensor: site.name) }
            let places = try tensors.all.map { try Self.place(of: $0, in: file) }
            known.formUnion(places)
            let rowCount: Int64 = try Self.numbers(ofTensorAt: places[0], in: file)[0]
            guard (0...Self.greatestRowCount).contains(rowCount) else {
                throw HessianError(.invalidRowCount(rowCount), path: path, tensor: tensors.rowCount.name)
            }
            entries[site] = Entry(
                rowCount: Int(rowCount), columnCount: stored.columns.count, diagonal: places[1],
                correlations: places[2])
        }
        if let other = file.tensors.indices.first(where: { !known.contains($0) }) {
            throw HessianError(.unexpectedTensor, path: path, tensor: file.tensors[other].name)
        }
        self.entries = entries
        for site in entries.keys { try demandNoMore(than: site) }
    }

    /// More than any run sees; sums of them do not overflow.
    private static let greatestRowCount: Int64 = 1 << 40

    /// The number of rows of inputs that a site has seen.
    public func rowCount(_ site: HessianSite) -> Int { entry(site).rowCount }

    /// The sums of squares of a site's inputs, one for each column.
    public func diagonal(_ site: HessianSite) throws -> [Float] {
        let stored = try storedDiagonal(site)
        let padding = [Float](repeating: 0, count: max(0, site.columns.count - stored.count))
        return stored.prefix(site.columns.count) + padding
    }

    /// Fails if columns that the model has not are more than padding.
    private func demandNoMore(than site: HessianSite) throws {
        let stored = try storedDiagonal(site)
        guard stored.dropFirst(site.columns.count).contains(where: { $0 > 0 }), let expected = site.tensors else {
            return
        }
        let tensor = file.tensors[entry(site).diagonal]
        throw HessianError(
            .wrongShape(found: tensor.shape, expected: expected.diagonal.shape), path: path, tensor: tensor.name)
    }

    /// The diagonal as the file has it.
    private func storedDiagonal(_ site: HessianSite) throws -> [Float] {
        let entry = entry(site)
        let bits: [UInt32] = try Self.numbers(ofTensorAt: entry.diagonal, in: file)
        let diagonal = bits.map { Float(bitPattern: UInt32(littleEndian: $0)) }
        let name = file.tensors[entry.diagonal].name
        if let column = diagonal.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
            throw HessianError(.invalidDiagonal(column: column, value: diagonal[column]), path: path, tensor: name)
        }
        if entry.rowCount == 0, diagonal.contains(where: { $0 > 0 }) {
            throw HessianError(.sumsWithoutRows, path: path, tensor: name)
        }
        return diagonal
    }

    /// The second moments of a site's inputs; correlations are as exact as half precision is.
    public func moments(_ site: HessianSite) throws -> SecondMoments {
        let entry = entry(site)
        let n = site.columns.count
        let diagonal = try diagonal(site)
        var values = [Float](repeating: 0, count: n * n)
        for column in 0..<n { values[column * n + column] = diagonal[column] }
        guard entry.rowCount > 0 else { return SecondMoments(columns: n, values: values, rowCount: 0) }
        let bits: [UInt16] = try Self.numbers(ofTensorAt: entry.correlations, in: file)
        let roots = diagonal.map { $0.squareRoot() }
        let bad: (row: Int, column: Int, value: Float)? = values.withUnsafeMutableBufferPointer { values in
            var index = 0
            for row in 0..<entry.columnCount - 1 {
                for column in row + 1..<entry.columnCount {
                    let correlation = Float(Float16(bitPattern: UInt16(littleEndian: bits[index])))
                    guard correlation.magnitude <= 1 else { return (row, column, correlation) }
                    index += 1
                    guard column < n else { continue }
                    let value = correlation * roots[row] * roots[column]
                    values[row * n + column] = value
                    values[column * n + row] = value
                }
            }
            return nil
        }
        if let bad {
            throw HessianError(
                .invalidCorrelation(row: bad.row, column: bad.column, value: bad.value), path: path,
                tensor: file.tensors[entry.correlations].name)
        }
        return SecondMoments(columns: n, values: values, rowCount: entry.rowCount)
    }

    /// The memory that ``moments(_:)`` of `columns` inputs needs beside what it returns: the correlations as they are stored.
    package static func readingWorkingSet(columns: Int) -> WorkingSet {
        WorkingSet("correlations", byteCount: MemoryLayout<UInt16>.stride * columns * columns / 2)
    }

    private func entry(_ site: HessianSite) -> Entry {
        guard let entry = entries[site] else { preconditionFailure("the site is not the model's") }
        return entry
    }

    // MARK: Reading

    private static func origin(of file: GGUFFile) throws -> HessianOrigin {
        func value<Value>(_ key: ByteString, _ value: Value?) throws -> Value {
            guard let value else { throw HessianError(.invalidKey(key), path: file.path) }
            return value
        }
        func integer(_ key: ByteString) throws -> Int {
            try value(key, file.metadata.integer(key).flatMap { (0...Int(UInt32.max)).contains($0) ? $0 : nil })
        }
        return HessianOrigin(
            model: try value(HessianKey.model, file.metadata.string(HessianKey.model)),
            signature: ModelSignature(file.metadata),
            datasets: try value(HessianKey.datasets, file.metadata.strings(HessianKey.datasets)).map(\.description),
            chunkCount: try integer(HessianKey.chunkCount), chunkSize: try integer(HessianKey.chunkSize),
            manifest: file.metadata.manifest)
    }

    private static func blocks(of file: GGUFFile) throws -> ColumnBlocks {
        guard let width = file.metadata.integer(HessianKey.blockWidth), ColumnBlocks.isPossible(greatestWidth: width)
        else { throw HessianError(.invalidKey(HessianKey.blockWidth), path: file.path) }
        return ColumnBlocks(greatestWidth: width)
    }

    private static func place(of expected: TensorDescriptor, in file: GGUFFile) throws -> Int {
        guard let index = file.index(ofTensor: expected.name) else {
            throw HessianError(.missingTensor, path: file.path, tensor: expected.name)
        }
        let found = file.tensors[index]
        guard found.type == expected.type else {
            throw HessianError(
                .wrongType(found: found.type, expected: expected.type), path: file.path, tensor: expected.name)
        }
        guard found.shape == expected.shape else {
            throw HessianError(
                .wrongShape(found: found.shape, expected: expected.shape), path: file.path, tensor: expected.name)
        }
        return index
    }

    /// All elements of a tensor whose type has blocks of one element, as the file's bytes are.
    private static func numbers<Number: FixedWidthInteger>(
        ofTensorAt index: Int, in file: GGUFFile
    ) throws -> [Number] {
        let tensor = file.tensors[index]
        var numbers = [Number](repeating: 0, count: tensor.shape.elementCount)
        try numbers.withUnsafeMutableBytes {
            try file.readRows(ofTensorAt: index, rows: 0..<tensor.shape.rowCount, into: $0)
        }
        return numbers
    }
}
