import Numerics

extension LogProbability {
    /// The `count` most probable tokens and the natural logarithms of their probabilities, from the most probable on;
    /// equally probable tokens are ordered by id.
    public static func top(_ count: Int, logits: UnsafeBufferPointer<Float>) -> [(token: Int32, value: Double)] {
        let logSum = VectorMath.logSumExp(logits.baseAddress!, logits.count)
        let order = logits.indices.sorted { logits[$0] > logits[$1] || logits[$0] == logits[$1] && $0 < $1 }
        return order.prefix(count).map { (Int32($0), Double(logits[$0]) - logSum) }
    }
}
