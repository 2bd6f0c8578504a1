import Numerics

extension BLAS {
    /// `C = A · Bᵀ` for contiguous rows, where the products of a row do not depend on how many rows there are: too few are
    /// filled up with rows of zeros.
    ///
    /// - Parameters:
    ///   - a: `rowCount` rows of `columns`.
    ///   - b: `outputs` rows of `columns`.
    static func multiplyRows(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, rowCount: Int,
        columns: Int, outputs: Int, scratch: ScratchSpace
    ) {
        let leastRowCount = leastRowCount(columns: columns, outputs: outputs)
        guard rowCount < leastRowCount else {
            return multiplyTransposed(a, columns, b, columns, into: c, outputs, m: rowCount, n: outputs, k: columns)
        }
        let input = scratch.floats(.paddedInput, leastRowCount * columns)
        input.update(from: a, count: rowCount * columns)
        (input + rowCount * columns).update(repeating: 0, count: (leastRowCount - rowCount) * columns)
        let output = scratch.floats(.paddedOutput, leastRowCount * outputs)
        multiplyTransposed(
            input, columns, b, columns, into: output, outputs, m: leastRowCount, n: outputs, k: columns)
        c.update(from: output, count: rowCount * outputs)
    }
}
