import Numerics

/// Natural logarithms of probabilities, computed from logits.
public enum LogProbability {
    /// The logarithm of the probability of a token, ln softmax(logits)[token], summed in float64.
    public static func of(_ token: Int32, logits: UnsafeBufferPointer<Float>) -> Double {
        Double(logits[Int(token)]) - VectorMath.logSumExp(logits.baseAddress!, logits.count)
    }

    /// The logarithm of the sum of exponentials, ln Σ eˣ over all logits x, summed in float64.
    public static func logSumExp(_ logits: UnsafeBufferPointer<Float>) -> Double {
        VectorMath.logSumExp(logits.baseAddress!, logits.count)
    }

    /// The id of the most probable token; the lowest of several equally probable ones.
    public static func mostProbable(_ logits: UnsafeBufferPointer<Float>) -> Int {
        VectorMath.indexOfMaximum(logits.baseAddress!, logits.count)
    }
}
