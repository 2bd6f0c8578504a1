import GGUF
import Manifests
import Tensors

/// The importance of each column of each weight: sums of squared activations, gathered while a model reads text.
public struct ImportanceMatrix: Sendable, Equatable {
    /// The inputs seen by one weight: for every expert the sums of their squares, and the number of rows.
    public struct Entry: Sendable, Hashable {
        /// The number of columns of the weight.
        public let rowLength: Int
        /// Σx² for every column, expert by expert: `rowLength · expertCount` numbers, all finite and not negative.
        public let sums: [Float]
        /// The number of activation rows that every expert has seen: whole numbers.
        public let counts: [Float]

        /// The number of experts of the weight; 1 for a weight without.
        public var expertCount: Int { counts.count }

        /// Makes an entry for the inputs of one weight.
        ///
        /// - Parameters:
        ///   - rowLength: Columns of the weight.
        ///   - sums: Σx² for every column, expert by expert.
        ///   - counts: Activation rows that every expert has seen.
        /// - Returns: nil if the lengths do not go together, a number is negative, infinite or not a number, or a count
        ///   is not whole.
        public init?(rowLength: Int, sums: [Float], counts: [Float]) {
            let (product, overflow) = rowLength.multipliedReportingOverflow(by: counts.count)
            guard rowLength > 0, !counts.isEmpty, !overflow, product == sums.count,
                sums.allSatisfy({ $0 >= 0 && $0.isFinite }),
                counts.allSatisfy({ $0 >= 0 && $0.isFinite && $0 == $0.rounded() })
            else { return nil }
            self.rowLength = rowLength
            self.sums = sums
            self.counts = counts
        }

        /// The mean of x² for every column of one expert; nil if the expert has seen nothing.
        public func weights(expert: Int) -> [Float]? {
            let count = counts[expert]
            guard count > 0 else { return nil }
            return sums[expert * rowLength..<(expert + 1) * rowLength].map { $0 / count }
        }
    }

    /// The entry of each weight, by its name, such as `blk.0.ffn_down_exps.weight`.
    public var entries: [String: Entry]
    /// The names of the texts that were read.
    public var datasets: [String]
    /// The number of windows of text that were read.
    public var chunkCount: Int
    /// The number of tokens of one window; 0 if it is not known.
    public var chunkSize: Int
    /// The model that the matrix was gathered from; nil if it is not known, as in files of other programs and of the
    /// older form.
    public var model: ModelSignature?
    /// What the matrix was made from, and with which options; nil in files of other programs and of the older form.
    public var manifest: Manifest?

    /// Makes a matrix of entries that were gathered.
    public init(
        entries: [String: Entry], datasets: [String], chunkCount: Int, chunkSize: Int, model: ModelSignature? = nil,
        manifest: Manifest? = nil
    ) {
        self.entries = entries
        self.datasets = datasets
        self.chunkCount = chunkCount
        self.chunkSize = chunkSize
        self.model = model
        self.manifest = manifest
    }

    /// The importances of the columns of one expert's rows.
    ///
    /// - Parameters:
    ///   - tensor: A weight; its third dimension counts experts.
    ///   - expert: The number of the expert; 0 for a weight without experts.
    /// - Returns: The mean of x² for every column; nil, which is to be read as all alike, if nothing was gathered.
    /// - Throws: ``ImportanceError`` if what was gathered is of another shape than the tensor.
    public func weights(for tensor: TensorDescriptor, expert: Int = 0) throws -> [Float]? {
        guard let entry = entries[tensor.name] else { return nil }
        let expertCount = tensor.shape.rank > 2 ? tensor.shape.dimensions[2...].reduce(1, *) : 1
        precondition((0..<expertCount).contains(expert), "no such expert")
        let rowLength = tensor.shape.rowLength
        if entry.rowLength == rowLength, entry.expertCount == expertCount { return entry.weights(expert: expert) }
        // From a file of the older form: the rows of all experts in one.
        let (joined, overflow) = rowLength.multipliedReportingOverflow(by: expertCount)
        guard chunkSize == 0, entry.expertCount == 1, !overflow, entry.rowLength == joined else {
            throw ImportanceError(
                .wrongShape(
                    rowLength: entry.rowLength, expertCount: entry.expertCount, expectedRowLength: rowLength,
                    expectedExpertCount: expertCount),
                tensor: tensor.name)
        }
        return entry.weights(expert: 0).map { Array($0[expert * rowLength..<(expert + 1) * rowLength]) }
    }
}
