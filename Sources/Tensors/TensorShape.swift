/// The dimensions of a tensor, fastest first as GGUF lists them: a matrix of 7 rows of 5 elements is `[5, 7]`.
public struct TensorShape: Sendable, Hashable, CustomStringConvertible {
    /// The length of each dimension, fastest first; at least one, all above 0.
    public let dimensions: [Int]
    /// The product of all dimensions.
    public let elementCount: Int

    /// Makes a shape of dimensions, fastest first.
    ///
    /// - Returns: nil if there is no dimension, one is below 1, or their product overflows.
    public init?(_ dimensions: [Int]) {
        guard !dimensions.isEmpty else { return nil }
        var product = 1
        for dimension in dimensions {
            guard dimension > 0 else { return nil }
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            guard !overflow else { return nil }
            product = next
        }
        self.dimensions = dimensions
        self.elementCount = product
    }

    /// The number of elements in one row: the fastest dimension.
    public var rowLength: Int { dimensions[0] }

    /// The number of rows over all slower dimensions.
    public var rowCount: Int { elementCount / dimensions[0] }

    /// The number of dimensions.
    public var rank: Int { dimensions.count }

    /// The number of rows of one matrix; 1 for a vector. A stack of matrices, one for each expert, has them one after
    /// the other.
    public var matrixRowCount: Int { rank > 1 ? dimensions[1] : 1 }

    /// The number of matrices of a stack; 1 for a vector or a single matrix.
    public var matrixCount: Int { rowCount / matrixRowCount }

    /// The dimensions as messages show them, fastest first: `5 × 7`.
    public var description: String { dimensions.map(String.init).joined(separator: " × ") }
}
