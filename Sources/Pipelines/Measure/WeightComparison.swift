import BlockFormats
import Evaluation
import Files
import Importance
import Journals
import ModelArchitecture
import Models
import Parallelism
import Tensors
import WeightEncoding

/// Compares the weights of a quantized model with the original ones, tensor by tensor and expert by expert.
public struct WeightComparison: Sendable {
    /// An importance matrix, which says what a squared error in each column costs, for the weighted figures; nil for none.
    public var importancePath: String?
    /// What the work is done with, and who is told of its progress.
    public var compute: Compute
    /// Where finished work is kept, and the name of its record.
    var work: (journal: Journal, name: String)?

    /// A comparison of weights.
    ///
    /// - Parameters:
    ///   - importancePath: An importance matrix, for the weighted figures; nil for none.
    ///   - compute: What the work is done with, and who is told of its progress.
    public init(importancePath: String? = nil, compute: Compute = Compute()) {
        self.importancePath = importancePath
        self.compute = compute
    }

    /// One tensor, compared.
    public struct Tensor: Sendable {
        /// The tensor's name.
        public let name: String
        /// What the tensor is for; nil for a tensor without a place in a decoder.
        public let role: TensorRole?
        /// The type that the original stores it in.
        public let originalType: TensorType
        /// The type that the quantized model stores it in.
        public let type: TensorType
        /// The shape of the quantized tensor, padding included.
        public let shape: TensorShape
        /// The bytes of the quantized tensor.
        public let byteCount: Int
        /// The error of all matrices of the stack together.
        public let total: WeightError
        /// The error of each matrix of the stack; one for a tensor without experts.
        public let experts: [WeightError]
        /// The greatest magnitude in rows that the original does not have; zero in a sound file. (Columns that it does not
        /// have meet inputs that are zero, and may hold anything.)
        public let greatestPadding: Float
    }

    /// Compares every tensor of both models; those of the quantized one may be padded.
    ///
    /// Models that look as if they were given in each other's place are compared as they were given, with a warning.
    ///
    /// - Parameters:
    ///   - original: The model that the other was made from.
    ///   - quantized: The model whose errors are measured.
    /// - Throws: ``ComparisonError`` if one of them lacks a tensor of the other, `NonFiniteWeight` if it holds a weight that is
    ///   no finite number.
    public func run(original: Model, quantized: Model) throws -> [Tensor] {
        let importance = try importancePath.map { try ImportanceMatrix(contentsOf: $0) }
        if original.isCoarser(than: quantized) {
            compute.progress(
                .warning(
                    "\(original.path) was given as the original, and has fewer bits per weight than \(quantized.path): they "
                        + "look exchanged; the original comes first"))
        }
        if let importancePath,
            let warning = try original.warning(about: importancePath, "importance matrix", of: importance?.model)
        {
            compute.progress(.warning(warning))
        }
        let pairs = try pairs(original, quantized)
        return zip(pairs, try errors(in: pairs, of: quantized, importance)).map { Tensor($0, $1) }
    }

    /// The size of each of the tensors that are compared.
    ///
    /// - Throws: ``ComparisonError`` if one of the models lacks a tensor of the other.
    func sizes(original: Model, quantized: Model) throws -> [(name: String, weightCount: Int, matrixCount: Int)] {
        try pairs(original, quantized).map {
            ($0.decoded.tensor.name, $0.decoded.tensor.shape.elementCount, $0.decoded.count)
        }
    }

    /// The errors of some of the tensors.
    ///
    /// - Parameter range: Their places among all that are compared.
    func errors(original: Model, quantized: Model, range: Range<Int>) throws -> [TensorErrors] {
        try errors(in: Array(pairs(original, quantized)[range]), of: quantized, nil)
    }

    private func errors(
        in pairs: [Pair], of quantized: Model, _ importance: ImportanceMatrix?
    ) throws -> [TensorErrors] {
        let byteCount = pairs.reduce(0) { $0 + $1.decoded.tensor.byteCount }
        var done = 0
        compute.progress(.stage(.comparing(model: quantized.name)))
        let kept = work.map {
            JournaledWeightErrors($0.journal, name: $0.name, expertCounts: pairs.map(\.decoded.count))
        }
        let found = try kept?.load() ?? []
        return try pairs.enumerated().map { index, pair in
            let errors: TensorErrors
            if index < found.count {
                errors = found[index]
            } else {
                errors = try compare(pair, weights: weights(of: pair, importance))
                try kept?.append(errors)
            }
            done += pair.decoded.tensor.byteCount
            compute.progress(.fraction(Double(done) / Double(max(1, byteCount))))
            return errors
        }
    }

    fileprivate struct Pair: Sendable {
        let original: MatrixStack
        let decoded: MatrixStack
    }

    private func pairs(_ original: Model, _ quantized: Model) throws -> [Pair] {
        let indices = Dictionary(
            uniqueKeysWithValues: original.tensors.tensors.enumerated().map { ($1.name, $0) })
        let names = Set(quantized.tensors.tensors.map(\.name))
        if let missing = original.tensors.tensors.first(where: { !names.contains($0.name) }) {
            throw ComparisonError(.missingCounterpart, file: quantized.path, tensor: missing.name)
        }
        return try quantized.tensors.tensors.enumerated().map { index, tensor in
            guard let originalIndex = indices[tensor.name] else {
                throw ComparisonError(.missingCounterpart, file: original.path, tensor: tensor.name)
            }
            let counterpart = original.tensors.tensors[originalIndex]
            let (wide, narrow) = (tensor.shape.dimensions, counterpart.shape.dimensions)
            let sameStack = wide.count == narrow.count && wide.dropFirst(2) == narrow.dropFirst(2)
            guard sameStack, zip(wide, narrow).allSatisfy({ $0 >= $1 }) else {
                throw ComparisonError(
                    .otherShape(tensor.shape, original: counterpart.shape), file: quantized.path, tensor: tensor.name)
            }
            return Pair(
                original: try original.matrices(ofTensorAt: originalIndex),
                decoded: try quantized.matrices(ofTensorAt: index))
        }
    }

    /// A matrix gathered with or without the padding fits; columns of padding are not compared.
    private func weights(of pair: Pair, _ importance: ImportanceMatrix?) throws -> [[Float]]? {
        do {
            return try importance?.padded(like: [pair.original.tensor]).stackWeights(for: pair.original.tensor)
        } catch let error as ImportanceError {
            throw importancePath.map { ErrorInFile(path: $0, underlying: error) } ?? error
        }
    }

    /// Elements per piece of work, about.
    private static let pieceLength = 1 << 18

    private func compare(_ pair: Pair, weights: [[Float]]?) throws -> TensorErrors {
        let (rows, expertCount) = (pair.decoded.rows, pair.decoded.count)
        let rowsPerPiece = max(1, min(rows, Self.pieceLength / pair.decoded.columns))
        let piecesPerExpert = (rows + rowsPerPiece - 1) / rowsPerPiece
        let pieces = ResultTable(repeating: PieceResult(), count: expertCount * piecesPerExpert)
        try compute.parallel.forEach(pieces.count) { piece, _ in
            let (expert, part) = piece.quotientAndRemainder(dividingBy: piecesPerExpert)
            let range = part * rowsPerPiece..<min(rows, (part + 1) * rowsPerPiece)
            let shared = range.clamped(to: 0..<pair.original.rows)
            let reference = try pair.original.values(shared, of: expert)
            let decoded = try pair.decoded.values(range, of: expert)
            var result = PieceResult()
            for row in range {
                decoded.withUnsafeBufferPointer { decoded in
                    let values = decoded.baseAddress! + (row - range.lowerBound) * pair.decoded.columns
                    let width = pair.original.columns
                    guard shared.contains(row) else {
                        result.greatestPadding = max(
                            result.greatestPadding, greatestMagnitude(values, count: pair.decoded.columns))
                        return
                    }
                    reference.withUnsafeBufferPointer { reference in
                        let source = reference.baseAddress! + (row - shared.lowerBound) * width
                        if let weights {
                            weights[expert].withUnsafeBufferPointer {
                                result.error.add(
                                    original: source, decoded: values, count: width, importance: $0.baseAddress)
                            }
                        } else {
                            result.error.add(original: source, decoded: values, count: width, importance: nil)
                        }
                    }
                }
            }
            pieces[piece] = result
        }
        var experts = [WeightError](repeating: WeightError(), count: expertCount)
        for piece in 0..<pieces.count { experts[piece / piecesPerExpert].add(pieces[piece].error) }
        return TensorErrors(experts: experts, greatestPadding: pieces.values.map(\.greatestPadding).max() ?? 0)
    }
}

extension WeightComparison.Tensor {
    fileprivate init(_ pair: WeightComparison.Pair, _ errors: TensorErrors) {
        let tensor = pair.decoded.tensor
        var total = WeightError()
        for expert in errors.experts { total.add(expert) }
        self.init(
            name: tensor.name, role: TensorName(gguf: tensor.name)?.role,
            originalType: pair.original.tensor.type, type: tensor.type, shape: tensor.shape,
            byteCount: tensor.byteCount, total: total, experts: errors.experts,
            greatestPadding: errors.greatestPadding)
    }
}

private struct PieceResult: Sendable {
    var error = WeightError()
    var greatestPadding: Float = 0
}

extension Model {
    /// Whether the model is quantized, and to fewer bits per weight than another; padding does not count.
    fileprivate func isCoarser(than other: Model) -> Bool {
        func bits(_ model: Model, _ names: Set<String>) -> Double {
            let shared = model.tensors.tensors.filter { names.contains($0.name) }
            let elementCount = shared.reduce(0) { $0 + $1.shape.elementCount }
            return Double(8 * shared.reduce(0) { $0 + $1.byteCount }) / Double(max(1, elementCount))
        }
        guard tensors.tensors.contains(where: \.type.isQuantized) else { return false }
        let names = Set(tensors.tensors.map(\.name)).intersection(other.tensors.tensors.map(\.name))
        return bits(self, names) < bits(other, names)
    }

    /// The matrices of a tensor, with the model's path in the error if nothing decodes them.
    fileprivate func matrices(ofTensorAt index: Int) throws -> MatrixStack {
        guard let stack = MatrixStack(tensors, index) else {
            let tensor = tensors.tensors[index]
            throw EncodingError(.unsupportedType(tensor.type), file: path, tensor: tensor.name)
        }
        return stack
    }
}
