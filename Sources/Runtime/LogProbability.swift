/// Log-probabilities from logits.
public enum LogProbability {
    /// ln softmax(logits)[token], summed in float64.
    public static func of(_ token: Int32, logits: UnsafeBufferPointer<Float>) -> Double {
        Double(logits[Int(token)]) - VectorMath.logSumExp(logits.baseAddress!, logits.count)
    }
}
