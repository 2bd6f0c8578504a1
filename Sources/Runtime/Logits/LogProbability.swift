import Numerics

/// Log-probabilities from logits.
public enum LogProbability {
    /// ln softmax(logits)[token], summed in float64.
    public static func of(_ token: Int32, logits: UnsafeBufferPointer<Float>) -> Double {
        Double(logits[Int(token)]) - VectorMath.logSumExp(logits.baseAddress!, logits.count)
    }

    /// ln Σ eˣ over all logits, summed in float64.
    public static func logSumExp(_ logits: UnsafeBufferPointer<Float>) -> Double {
        VectorMath.logSumExp(logits.baseAddress!, logits.count)
    }

    /// The most probable token, the first of equals.
    public static func mostProbable(_ logits: UnsafeBufferPointer<Float>) -> Int {
        VectorMath.indexOfMaximum(logits.baseAddress!, logits.count)
    }
}
