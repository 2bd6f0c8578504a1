import CSIMD

/// Products of rows with the rows of a matrix, `output = input · weightsᵀ`, in the calling thread.
///
/// A product does not depend on the rows beside it or on how many there are, which the kernels of BLAS libraries do not
/// promise: what is computed for a token is the same to the bit in every batch.
public enum RowProducts {
    /// Multiplies rows with a matrix.
    ///
    /// - Parameters:
    ///   - input: `rowCount` rows of `columns` values, one after the other.
    ///   - rowCount: The number of rows.
    ///   - weights: `outputs` rows of `columns` values, one after the other.
    ///   - outputs: The number of rows of the matrix.
    ///   - columns: The number of columns of the matrix, at least 1.
    ///   - output: Receives `outputs` values for each row.
    ///   - stride: The number of values from one row of `output` to the next.
    ///   - room: At least ``roomCount(rowCount:)`` values to work with.
    public static func multiply(
        _ input: UnsafePointer<Float>, rowCount: Int, with weights: UnsafePointer<Float>, outputs: Int, columns: Int,
        into output: UnsafeMutablePointer<Float>, stride: Int, room: UnsafeMutablePointer<Float>
    ) {
        csimd_multiply_rows(input, columns, rowCount, weights, columns, outputs, columns, output, stride, room)
    }

    /// The number of values that the products of `rowCount` rows need to work with.
    public static func roomCount(rowCount: Int) -> Int { csimd_row_product_room(rowCount) }
}
