import BlockFormats
import Files
import GGUF
import ModelArchitecture
import Models
import Parallelism
import Tensors

/// Reads a model that was just written, and compares it with what it was made from.
///
/// The container and all that it says are looked at, then blocks, which must be legal, and weights, which must be a
/// quantization of the model's; `Docs/Verification.md` has the method. What the system keeps of the file in memory is not
/// taken for what is on the disk, where it listens to that.
public struct WrittenVerification: Sendable {
    /// How much of the weights is looked at.
    public enum Extent: Sendable {
        /// Some rows of a tensor of each type and role, and of more of them, a fiftieth of the bytes at most.
        case sample
        /// All of them.
        case all
    }

    /// How much of the weights is looked at.
    public var extent: Extent
    /// The threads to work on; findings do not depend on their number.
    public var parallel: Parallel
    /// Is told the share of the work that is done, from any thread.
    public var progress: @Sendable (Double) -> Void

    /// Makes a verification; nothing is read yet.
    public init(
        _ extent: Extent, parallel: Parallel = Parallel(), progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) {
        self.extent = extent
        self.parallel = parallel
        self.progress = progress
    }

    /// Compares a file, or all parts of a split one, with what it should be.
    ///
    /// - Parameters:
    ///   - path: The file, or any part of it.
    ///   - metadata: What it must say; digests of what it was made from are not compared.
    ///   - tensors: What it must hold.
    ///   - model: What it was made from, with as many tensors in the same order.
    /// - Returns: what is wrong.
    /// - Throws: the errors of reading.
    public func run(
        _ path: String, metadata: GGUFMetadata, tensors: [TensorDescriptor], of model: Model
    ) throws -> [Finding] {
        let file: GGUFFile
        do {
            file = try GGUFFile(path: path)
        } catch let error as GGUFError {
            return [Finding(.structure, file: path, error.diagnostic)]
        }
        let differences = differences(of: file, metadata, tensors)
        guard differences.isEmpty else { return differences }
        let parts = parts(of: tensors, model)
        for part in parts {
            let first = part.matrices.lowerBound * part.matrixRowCount + part.rows.lowerBound
            let count = (part.matrices.count - 1) * part.matrixRowCount + part.rows.count
            file.advise(.notAgain, ofTensorAt: part.tensor, rows: first..<first + count)
        }
        var scan = BlockScan(file: file, parallel: parallel) { _ in }
        if extent == .sample { scan.rows = parts.reduce(into: [:]) { $0[$1.tensor] = $1.stackRows } }
        let illegal = try scan.findings()
        let named = Set(illegal.compactMap(\.subject))
        return illegal + (try compare(parts.filter { !named.contains(tensors[$0.tensor].name) }, of: file, model))
    }

    /// What the file says that it should not, or does not say.
    private func differences(
        of file: GGUFFile, _ metadata: GGUFMetadata, _ tensors: [TensorDescriptor]
    ) -> [Finding] {
        guard file.tensors == tensors else {
            let first = zip(file.tensors, tensors).first { $0 != $1 }
            return [
                Finding(
                    .tensors, file: file.path, subject: first?.1.name,
                    first.map { found, expected in
                        "\(found.name) of shape \(found.shape) in \(found.type.name), expected "
                            + "\(expected.shape) in \(expected.type.name)"
                    } ?? "\(file.tensors.count) tensors, expected \(tensors.count)")
            ]
        }
        // What is not equal to itself is not a number.
        return metadata.entries.filter {
            !$0.key.bytes.starts(with: "swage.source.".utf8) && $0.value == $0.value
                && file.metadata[$0.key] != $0.value
        }.map {
            Finding(
                .metadata, file: file.path, subject: "key \"\($0.key)\"", "the value is not the one that was written")
        }
    }

    /// A part of a tensor that is compared.
    private struct Part: Sendable {
        let tensor: Int
        let matrices: Range<Int>
        /// Of each matrix.
        let rows: Range<Int>
        /// Those of the rows that the original has.
        let storedRows: Range<Int>
        let storedColumns: Int
        /// Of a whole matrix.
        let matrixRowCount: Int

        /// Counted over all matrices.
        var stackRows: Range<Int> {
            let first = matrices.lowerBound * matrixRowCount
            return first + rows.lowerBound..<first + (matrices.count - 1) * matrixRowCount + rows.upperBound
        }
    }

    private func parts(of tensors: [TensorDescriptor], _ model: Model) -> [Part] {
        let stored = Dictionary(
            uniqueKeysWithValues: model.unpaddedPlan.tensors.map { ($0.name.gguf, $0.dimensions) })
        func rowCount(_ index: Int) -> Int {
            let rows = tensors[index].shape.matrixRowCount
            return stored[tensors[index].name].map { $0.count > 1 ? min(rows, $0[1]) : 1 } ?? rows
        }
        func part(_ index: Int, matrices: Range<Int>, rows: Range<Int>) -> Part {
            let shape = tensors[index].shape
            let columns = min(shape.rowLength, stored[tensors[index].name]?.first ?? shape.rowLength)
            let isWhole = columns.isMultiple(of: model.tensors.tensors[index].type.blockLength)
            return Part(
                tensor: index, matrices: matrices, rows: rows, storedRows: rows.clamped(to: 0..<rowCount(index)),
                storedColumns: isWhole ? columns : shape.rowLength, matrixRowCount: shape.matrixRowCount)
        }
        switch extent {
        case .sample:
            return VerificationSample(tensors, rowCount: rowCount).chosen.map {
                part($0.tensor, matrices: $0.matrix..<$0.matrix + 1, rows: $0.rows)
            }
        case .all:
            return tensors.indices.map {
                part($0, matrices: 0..<tensors[$0].shape.matrixCount, rows: 0..<tensors[$0].shape.matrixRowCount)
            }
        }
    }

    private func compare(_ parts: [Part], of file: GGUFFile, _ model: Model) throws -> [Finding] {
        let meter = FractionMeter(
            total: parts.reduce(0) { $0 + $1.matrices.count * $1.rows.count * file.tensors[$1.tensor].rowByteCount },
            progress)
        let coarsestFitted = OriginVerification.coarsestFitted(file.metadata, file.tensors)
        let results = ResultTable<[Finding]>(repeating: [], count: parts.count)
        // Parts of a sample are small: each is the work of one thread.
        let (outer, inner) =
            extent == .sample ? (parallel, Parallel(threadCount: 1)) : (Parallel(threadCount: 1), parallel)
        try outer.forEach(parts.count) { number, _ in
            let part = parts[number]
            let written = TensorPart(
                file, part.tensor, matrices: part.matrices, rows: part.rows,
                columns: file.tensors[part.tensor].shape.rowLength)
            let original = TensorPart(
                model.tensors, part.tensor, matrices: part.matrices, rows: part.storedRows,
                columns: part.storedColumns)
            guard let decoded = MatrixStack(written, 0), let source = MatrixStack(original, 0) else { return }
            var comparison = TensorComparison(original: source, decoded: decoded, coarsestFitted: coarsestFitted)
            comparison.looksAtColumns = extent == .all
            results[number] = try comparison.run(parallel: inner) { meter.add($0) }.findings.map {
                $0.moved(by: part.rows.lowerBound, matrix: extent == .sample ? part.matrices.lowerBound : nil)
            }
        }
        return parts.indices.flatMap { results[$0] }
    }
}

extension Finding {
    /// The finding in the tensor of whose rows and matrices it was found in some.
    fileprivate func moved(by rows: Int, matrix: Int?) -> Finding {
        var place = place ?? WeightPlace()
        place.matrix = matrix ?? place.matrix
        place.row = place.row.map { $0 + rows }
        return Finding(check, file: file, subject: subject, place: place, problem, count: count)
    }
}

extension Model {
    /// The plan without the rows and columns that widened experts have more than the stored ones.
    fileprivate var unpaddedPlan: DecoderPlan {
        if let checkpoint { return checkpoint.storedPlan }
        guard let length = metadata.integer("swage.experts.stored_length"), var experts = plan.experts,
            (1...experts.length).contains(length)
        else { return plan }
        experts.length = length
        var stored = plan
        stored.feedForward = .experts(experts)
        return stored
    }
}
