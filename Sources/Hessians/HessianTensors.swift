import Files
import GGUF
import Tensors

/// The words of the file.
enum HessianKey {
    static let type: ByteString = "general.type"
    static let model: ByteString = "hessian.model"
    static let datasets: ByteString = "hessian.datasets"
    static let chunkCount: ByteString = "hessian.chunk_count"
    static let chunkSize: ByteString = "hessian.chunk_size"
    static let blockWidth: ByteString = "hessian.block_width"

    /// What `general.type` is.
    static let typeName = "hessian"
}

extension HessianSite {
    /// The tensors that hold a site's moments, in the order of the file.
    struct Tensors {
        /// The rows that were seen.
        let rowCount: TensorDescriptor
        /// The diagonal of XᵀX.
        let diagonal: TensorDescriptor
        /// What is above the diagonal, row after row, divided by the roots of both diagonal elements.
        let correlations: TensorDescriptor

        var all: [TensorDescriptor] { [rowCount, diagonal, correlations] }
    }

    /// - Returns: nil if their size overflows.
    var tensors: Tensors? {
        let (square, overflow) = columns.count.multipliedReportingOverflow(by: columns.count - 1)
        guard !overflow,
            let rowCount = Self.tensor("\(name).rows", 1, .i64),
            let diagonal = Self.tensor("\(name).diagonal", columns.count, .f32),
            let correlations = Self.tensor("\(name).correlations", square / 2, .f16)
        else { return nil }
        return Tensors(rowCount: rowCount, diagonal: diagonal, correlations: correlations)
    }

    private static func tensor(_ name: String, _ count: Int, _ type: TensorType) -> TensorDescriptor? {
        TensorShape([count]).flatMap { TensorDescriptor(name: name, shape: $0, type: type) }
    }
}
