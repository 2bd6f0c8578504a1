import BlockFormats
import Numerics
import Parallelism

/// Encodes the rows of a matrix so that the error E·H·Eᵀ of its outputs is small, not that of its weights.
public struct FeedbackEncoder: Sendable {
    /// The policy by which the matrix is encoded.
    public let policy: FeedbackPolicy
    let codec: any QuantizingCodec
    let metric: FeedbackMetric
    /// What the first choice of scales weighs columns by.
    let scaleWeights: FloatBuffer

    /// Rows that are encoded together; the cut decides the arithmetic, not the thread count.
    static let panelLength = 128

    /// The number of columns in a group under a policy.
    public static func groupLength(_ codec: any QuantizingCodec, _ policy: FeedbackPolicy) -> Int {
        policy.groupLength ?? codec.groupLength
    }

    /// The memory of encoding rows of `columns` columns with `threadCount` threads.
    package static func workingSet(columns: Int, threadCount: Int) -> WorkingSet {
        WorkingSet("weights of scales", floatCount: columns) + threadCount * FeedbackPanel.workingSet(columns: columns)
    }

    /// Makes an encoder of matrices that have the same inputs.
    ///
    /// - Parameters:
    ///   - codec: the codec of the type to encode; its own policy is replaced.
    ///   - metric: the metric of the inputs, with groups of ``groupLength(_:_:)`` columns.
    ///   - policy: the policy by which rows are encoded.
    public init(codec: any QuantizingCodec, metric: FeedbackMetric, policy: FeedbackPolicy) {
        precondition(metric.columns % codec.type.blockLength == 0)
        precondition(metric.groupLength % codec.groupLength == 0 && codec.partLength % metric.groupLength == 0)
        var codec = codec
        codec.policy = policy.encoding
        self.codec = codec
        self.metric = metric
        self.policy = policy
        scaleWeights = FloatBuffer(count: metric.columns)
        for column in 0..<metric.columns {
            let (own, conditional) = (metric.diagonal.base[column], metric.conditional.base[column])
            scaleWeights.base[column] = Self.mix(own, conditional, policy.conditioning)
        }
    }

    private static func mix(_ own: Float, _ conditional: Float, _ share: Float) -> Float {
        switch share {
        case 0: own
        case 1: conditional
        default: own * (1 - share) + conditional * share
        }
    }

    /// Encodes rows.
    ///
    /// - Parameters:
    ///   - weights: `rowCount` rows of as many finite values as the metric has columns.
    ///   - rowCount: the number of rows.
    ///   - target: room for the encoded rows, one after the other.
    ///   - parallel: runs the work; the result does not depend on the number of threads.
    public func encode(
        _ weights: UnsafePointer<Float>, rowCount: Int, into target: UnsafeMutableRawPointer, parallel: Parallel
    ) throws {
        try forEachPanel(weights, rowCount: rowCount, target, parallel) { panel, _, rows in
            panel.encode(rows.weights, rowCount: rows.count, into: rows.target)
        }
    }

    /// Encodes rows as ``encode(_:rowCount:into:parallel:)`` does, and measures the error.
    ///
    /// - Returns: the sum of E·H·Eᵀ over the rows, in units of the mean of H's diagonal.
    public func encodeMeasuringError(
        _ weights: UnsafePointer<Float>, rowCount: Int, into target: UnsafeMutableRawPointer, parallel: Parallel
    ) throws -> Double {
        let errors = ResultTable(repeating: 0.0, count: (rowCount + Self.panelLength - 1) / Self.panelLength)
        try forEachPanel(weights, rowCount: rowCount, target, parallel) { panel, number, rows in
            panel.encode(rows.weights, rowCount: rows.count, into: rows.target)
            errors[number] = panel.objective(rowCount: rows.count)
        }
        return errors.values.reduce(0, +)
    }

    private func forEachPanel(
        _ weights: UnsafePointer<Float>, rowCount: Int, _ target: UnsafeMutableRawPointer, _ parallel: Parallel,
        _ body: @Sendable (_ panel: FeedbackPanel, _ number: Int, _ rows: Rows) -> Void
    ) throws {
        let length = Self.panelLength
        let rowByteCount = metric.columns / codec.type.blockLength * codec.type.blockByteCount
        let count = (rowCount + length - 1) / length
        let panels = (0..<min(parallel.threadCount, count)).map { _ in FeedbackPanel(self) }
        let all = Rows(weights: weights, target: target, count: rowCount)
        try parallel.forEach(count) { number, worker in
            let first = number * length
            body(
                panels[worker], number,
                Rows(
                    weights: all.weights + first * metric.columns, target: all.target + first * rowByteCount,
                    count: min(length, rowCount - first)))
        }
    }

    /// The error of rows after they were encoded and decoded: the sum of E·H·Eᵀ over the rows, in units of the mean of
    /// H's diagonal.
    ///
    /// - Parameters:
    ///   - weights: `rowCount` rows of as many values as the metric has columns.
    ///   - decoded: the same rows, as they were decoded.
    ///   - rowCount: the number of rows.
    public func error(
        of weights: UnsafePointer<Float>, decoded: UnsafePointer<Float>, rowCount: Int
    ) -> Double {
        let n = metric.columns
        let errors = FloatBuffer(count: n)
        let products = FloatBuffer(count: n)
        var total = 0.0
        for row in 0..<rowCount {
            for column in 0..<n { errors.base[column] = weights[row * n + column] - decoded[row * n + column] }
            BLAS.multiply(
                errors.base, n, metric.moments.base, n, into: products.base, n, m: 1, n: n, k: n, keep: 0)
            for column in 0..<n { total += Double(products.base[column]) * Double(errors.base[column]) }
        }
        return total
    }

    private struct Rows: @unchecked Sendable {
        let weights: UnsafePointer<Float>
        let target: UnsafeMutableRawPointer
        let count: Int
    }
}
