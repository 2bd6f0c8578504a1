import CSIMD
import Numerics

/// The second moments H of a matrix's inputs, damped, and their factors: H = U · D · Uᵀ, with U unit upper triangular
/// in groups of columns.
///
/// With the errors E of a row, E·H·Eᵀ is the sum over groups of (E·U)ᵍ · Dᵍ · (E·U)ᵍᵀ, and (E·U)ᵍ is the group's error
/// plus what the groups before it feed forward: groups encoded one after the other, each for the least part of that
/// sum, make the errors of the earlier ones good as far as the inputs allow (GPTQ, LDLQ).
public final class FeedbackMetric: Sendable {
    /// The number of inputs: rows and columns of H.
    public let columns: Int
    /// The number of columns in a group.
    public let groupLength: Int
    /// Columns that are updated one by one; the others by products of matrices.
    static let greatestChunkLength = BFloat16Panels.tileLength

    /// H with damping, n × n.
    let moments: FloatBuffer
    /// U, n × n.
    let feedback: FloatBuffer
    /// The rows of H, which are its columns, as large products take them.
    let roundedMoments: BFloat16Panels
    /// The columns of U, as large products take them.
    let roundedFeedback: BFloat16Panels
    /// D, `groupLength` values for each column.
    let groupMetric: FloatBuffer
    /// The diagonal of D.
    let conditional: FloatBuffer
    /// H's blocks on the diagonal inverted, `groupLength` values for each column.
    let groupInverse: FloatBuffer
    let diagonal: FloatBuffer

    /// The part of the mean diagonal that columns without inputs count for.
    private static let deadShare = 1e-6

    /// The memory of a metric of `columns` inputs, and what making it needs beside that.
    ///
    /// - Parameters:
    ///   - columns: the number of inputs.
    ///   - groupLength: the number of columns in a group.
    package static func workingSet(columns: Int, groupLength: Int) -> (kept: WorkingSet, making: WorkingSet) {
        let (square, groups) = (columns * columns, columns * groupLength)
        let doubles = MemoryLayout<Double>.stride
        return (
            WorkingSet("metric", floatCount: 2 * square + 2 * groups + 2 * columns)
                + 2 * BFloat16Panels.workingSet("rounded metric", vectorCount: columns, length: columns),
            WorkingSet("factor of the metric", byteCount: doubles * (square + groups))
        )
    }

    /// Damps and factors second moments.
    ///
    /// - Parameters:
    ///   - source: the second moments of the inputs.
    ///   - damping: the number that is added to the diagonal, as a part of its mean over columns that have inputs;
    ///     above 0.
    ///   - groupLength: the number of columns in a group, a divisor of the number of columns.
    public init(_ source: SecondMoments, damping: Float, groupLength: Int) {
        let n = source.columns
        precondition(n % groupLength == 0 && damping > 0)
        _ = BLAS.isSingleThreaded
        columns = n
        self.groupLength = groupLength
        moments = FloatBuffer(count: n * n)
        // Nothing is fed backward.
        feedback = FloatBuffer(repeating: 0, count: n * n)
        roundedMoments = BFloat16Panels(vectorCount: n, length: n)
        roundedFeedback = BFloat16Panels(vectorCount: n, length: n)
        groupMetric = FloatBuffer(count: n * groupLength)
        conditional = FloatBuffer(count: n)
        groupInverse = FloatBuffer(count: n * groupLength)
        diagonal = FloatBuffer(count: n)

        // Of mean one on the diagonal, so that sums stay in range.
        var total = 0.0
        var live = 0
        for column in 0..<n where source.values[column * n + column] > 0 {
            total += Double(source.values[column * n + column])
            live += 1
        }
        let unit = live > 0 && total > 0 ? Double(live) / total : 0
        var damping = Double(damping)
        let reversed = UnsafeMutablePointer<Double>.allocate(capacity: n * n)
        defer { reversed.deallocate() }
        while true {
            source.values.withUnsafeBufferPointer { values in
                for row in 0..<n {
                    let line = values.baseAddress! + row &* n
                    let scaled = moments.base + row &* n
                    let backwards = reversed + (n &* n &- 1 &- row &* n)
                    for column in 0..<n {
                        let value = Double(line[column]) * unit
                        scaled[column] = Float(value)
                        backwards[-column] = value
                    }
                    let own = backwards[-row]
                    backwards[-row] = own > 0 ? own + damping : Self.deadShare
                    scaled[row] = Float(backwards[-row])
                }
            }
            if BLAS.factorize(reversed, n) { break }
            // Sums of single precision may be a little indefinite.
            damping *= 4
        }
        factorGroups(reversed)
        for column in 0..<n { diagonal.base[column] = moments.base[column * n + column] }
        invertGroups()
        roundedMoments.fill(rows: 0..<n, from: moments.base, stride: n, length: n)
        roundedFeedback.fill(columns: 0..<n, length: n) { row, column, mask in
            csimd_load_where(mask, feedback.base + (row &* n &+ column))
        }
    }

    /// Fills U and D from R with H = R · Rᵀ, R upper triangular and stored backwards.
    private func factorGroups(_ reversed: UnsafePointer<Double>) {
        let n = columns
        let length = groupLength
        func root(_ row: Int, _ column: Int) -> Double { reversed[n * n - 1 - row * n - column] }
        // Rᵍ of every group, in one place.
        let roots = UnsafeMutablePointer<Double>.allocate(capacity: n * length)
        defer { roots.deallocate() }
        for start in stride(from: 0, to: n, by: length) {
            for row in start..<start + length {
                for column in 0..<length { roots[row * length + column] = root(row, start + column) }
            }
        }
        for row in 0..<n {
            let line = feedback.base + row &* n
            let backwards = reversed + (n &* n &- 1 &- row &* n)
            let group = row / length &* length
            line[row] = 1
            for start in stride(from: group &+ length, to: n, by: length) {
                // x · Rᵍ = r, with Rᵍ upper triangular.
                let block = roots + start &* length
                for column in 0..<length {
                    var value = backwards[-(start &+ column)]
                    for earlier in 0..<column {
                        value -= Double(line[start &+ earlier]) * block[earlier &* length &+ column]
                    }
                    line[start &+ column] = Float(value / block[column &* length &+ column])
                }
            }
            for column in 0..<length {
                var sum = 0.0
                for index in max(row - group, column)..<length {
                    sum += roots[row * length + index] * roots[(group + column) * length + index]
                }
                groupMetric.base[row * length + column] = Float(sum)
                if row == group + column { conditional.base[row] = Float(sum) }
            }
        }
    }

    private func invertGroups() {
        let length = groupLength
        for start in stride(from: 0, to: columns, by: length) {
            // Gauss–Jordan; the blocks are positive definite.
            var matrix = [Double](repeating: 0, count: length * 2 * length)
            for row in 0..<length {
                for column in 0..<length {
                    matrix[row * 2 * length + column] = Double(moments.base[(start + row) * columns + start + column])
                }
                matrix[row * 2 * length + length + row] = 1
            }
            for pivot in 0..<length {
                let scale = 1 / matrix[pivot * 2 * length + pivot]
                for column in 0..<2 * length { matrix[pivot * 2 * length + column] *= scale }
                for row in 0..<length where row != pivot {
                    let factor = matrix[row * 2 * length + pivot]
                    for column in 0..<2 * length {
                        matrix[row * 2 * length + column] -= factor * matrix[pivot * 2 * length + column]
                    }
                }
            }
            for row in 0..<length {
                for column in 0..<length {
                    groupInverse.base[(start + row) * length + column] = Float(
                        matrix[row * 2 * length + length + column])
                }
            }
        }
    }
}
