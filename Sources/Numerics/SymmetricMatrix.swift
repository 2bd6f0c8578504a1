/// Operations on square matrices of which one triangle was computed.
public enum SymmetricMatrix {
    /// Fills what lies below the diagonal of some rows and columns of an n × n matrix with what lies above it.
    public static func mirror(_ matrix: UnsafeMutablePointer<Float>, _ n: Int, rows: Range<Int>, columns: Range<Int>) {
        // Small squares stay in the first cache.
        let length = 16
        for top in stride(from: rows.lowerBound, to: rows.upperBound, by: length) {
            for left in stride(from: columns.lowerBound, to: min(columns.upperBound, top + length), by: length) {
                for row in top..<min(top + length, rows.upperBound) {
                    for column in left..<max(left, min(left + length, columns.upperBound, row)) {
                        matrix[row &* n &+ column] = matrix[column &* n &+ row]
                    }
                }
            }
        }
    }
}
