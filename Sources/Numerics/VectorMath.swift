import CSIMD
import Platform

/// Vectorized elementary functions over rows of float32; sums are carried in float64.
public enum VectorMath {
    /// Elements summed in float32 lanes before the lanes are folded into a float64.
    private static let foldLength = 256

    /// e to the power of each lane: 2ⁿ · p(r) with |r| ≤ ln 2 / 2, within 2 units in the last place; below −87 it is
    /// about 1e-38, above 88 about 1e38.
    @inline(__always)
    static func exponential(_ x: Lanes) -> Lanes {
        // Bounds come first: what is not a number stays so.
        let clamped = csimd_minimum(Lanes(repeating: 88.3), csimd_maximum(Lanes(repeating: -87.3), x))
        // Adding 1.5 · 2²³ rounds to an integer and leaves it in the low bits.
        let magic = Lanes(repeating: 12_582_912)
        let shifted = clamped * 1.442_695_04 + magic
        let n = shifted - magic
        let high: Lanes = clamped - n * Float(0.693_145_75)
        let r: Lanes = high - n * Float(1.428_606_8e-6)
        var p: Lanes = r * (Float(1) / 720) + Float(1) / 120
        p = p * r + Float(1) / 24
        p = p * r + Float(1) / 6
        p = p * r + 0.5
        p = p * r + 1
        p = p * r + 1
        let exponent = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &<< 23
        return unsafeBitCast(unsafeBitCast(p, to: SIMD16<UInt32>.self) &+ exponent, to: Lanes.self)
    }

    /// Calls `body` for every full group of lanes, then for a partial one filled up with `filler`.
    @inline(__always)
    private static func forEachGroup(
        _ x: UnsafePointer<Float>, _ count: Int, filler: Float, _ body: (Lanes, _ offset: Int, _ length: Int) -> Void
    ) {
        var i = 0
        while i &+ 16 <= count {
            body(x.lanes(i), i, 16)
            i &+= 16
        }
        guard i < count else { return }
        var tail = Lanes(repeating: filler)
        for j in 0..<(count &- i) { tail[j] = x[i &+ j] }
        body(tail, i, count &- i)
    }

    static func maximum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
        var best = Lanes(repeating: -.infinity)
        forEachGroup(x, count, filler: -.infinity) { group, _, _ in
            best = csimd_maximum(group, best)
        }
        return best.max()
    }

    /// Replaces x by its exponentials relative to `shift` and returns their sum.
    static func exponentials(_ x: UnsafeMutablePointer<Float>, _ count: Int, shift: Float) -> Double {
        var sum = 0.0
        var start = 0
        while start < count {
            let length = min(foldLength, count &- start)
            var partial = Lanes()
            forEachGroup(x + start, length, filler: -.infinity) { group, offset, valid in
                var powers = exponential(group - shift)
                if valid == 16 {
                    x.store(powers, start &+ offset)
                } else {
                    for j in 0..<16 where j >= valid { powers[j] = 0 }
                    for j in 0..<valid { x[start &+ offset &+ j] = powers[j] }
                }
                partial += powers
            }
            sum += Double(partial.sum())
            start &+= foldLength
        }
        return sum
    }

    /// Replaces logits by their probabilities, the softmax.
    public static func softmax(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
        let sum = exponentials(x, count, shift: maximum(x, count))
        scale(x, count, by: Float(1 / sum))
    }

    /// The logarithm of the sum of exponentials, ln Σ eˣ.
    public static func logSumExp(_ x: UnsafePointer<Float>, _ count: Int) -> Double {
        let shift = maximum(x, count)
        var sum = 0.0
        var start = 0
        while start < count {
            var partial = Lanes()
            forEachGroup(x + start, min(foldLength, count &- start), filler: -.infinity) { group, _, valid in
                var powers = exponential(group - shift)
                if valid < 16 { for j in valid..<16 { powers[j] = 0 } }
                partial += powers
            }
            sum += Double(partial.sum())
            start &+= foldLength
        }
        return Double(shift) + log(sum)
    }

    /// The KL divergence of two distributions that are given by logits p and q and their ln Σ eˣ, P and Q:
    /// Σ eᵖ⁻ᴾ ((p − P) − (q − Q)).
    public static func divergence(
        _ p: UnsafePointer<Float>, logSum logSumP: Double, from q: UnsafePointer<Float>, logSum logSumQ: Double,
        _ count: Int
    ) -> Double {
        let shift = Float(logSumP)
        let rest = Float(logSumP - logSumQ)
        var sum = 0.0
        var start = 0
        while start < count {
            let length = min(foldLength, count &- start)
            var partial = Lanes()
            forEachGroup(p + start, length, filler: -.infinity) { group, offset, valid in
                if valid == 16 {
                    partial += exponential(group - shift) * ((group - q.lanes(start &+ offset)) - rest)
                } else {
                    let powers = exponential(group - shift)
                    for j in 0..<valid { partial[j] += powers[j] * ((group[j] - q[start &+ offset &+ j]) - rest) }
                }
            }
            sum += Double(partial.sum())
            start &+= foldLength
        }
        return sum
    }

    /// The part of the KL divergence that comes from log-probabilities p above a limit: Σ eᵖ (p − (q − Q)).
    public static func divergence(
        logProbabilities p: UnsafePointer<Float>, above limit: Float, from q: UnsafePointer<Float>,
        logSum: Double, _ count: Int
    ) -> Double {
        let shift = Float(logSum)
        var sum = 0.0
        var start = 0
        while start < count {
            let length = min(foldLength, count &- start)
            var partial = Lanes()
            forEachGroup(p + start, length, filler: -.infinity) { group, offset, valid in
                if valid == 16 {
                    let terms = exponential(group) * (group - (q.lanes(start &+ offset) - shift))
                    partial += terms.replacing(with: 0, where: group .<= limit)
                } else {
                    let powers = exponential(group)
                    for j in 0..<valid where group[j] > limit {
                        partial[j] += powers[j] * (group[j] - (q[start &+ offset &+ j] - shift))
                    }
                }
            }
            sum += Double(partial.sum())
            start &+= foldLength
        }
        return sum
    }

    /// The index of the greatest value; of several equal ones, that of the first.
    public static func indexOfMaximum(_ x: UnsafePointer<Float>, _ count: Int) -> Int {
        let greatest = maximum(x, count)
        var index = 0
        while index < count, x[index] != greatest { index &+= 1 }
        return index
    }

    static func scale(_ x: UnsafeMutablePointer<Float>, _ count: Int, by factor: Float) {
        for i in 0..<count { x[i] *= factor }
    }

    /// Adds a multiple of a vector to another: `y += factor · x`.
    public static func add(
        _ x: UnsafePointer<Float>, _ count: Int, times factor: Float, to y: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count { y[i] += factor * x[i] }
    }

    static func sumOfSquares(_ x: UnsafePointer<Float>, _ count: Int) -> Double {
        var sum = 0.0
        var start = 0
        while start < count {
            var partial = Lanes()
            forEachGroup(x + start, min(foldLength, count &- start), filler: 0) { group, _, _ in
                partial += group * group
            }
            sum += Double(partial.sum())
            start &+= foldLength
        }
        guard sum == .infinity else { return sum }
        // Finite values whose squares no float32 holds.
        sum = 0
        for i in 0..<count { sum += Double(x[i]) * Double(x[i]) }
        return sum
    }

    /// Normalizes a vector by its root mean square: `y = weight · x / sqrt(mean(x²) + epsilon)`.
    public static func rmsNorm(
        _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, _ count: Int, epsilon: Float,
        into y: UnsafeMutablePointer<Float>
    ) {
        let factor = Float(1 / (sumOfSquares(x, count) / Double(count) + Double(epsilon)).squareRoot())
        for i in 0..<count { y[i] = weight[i] * (x[i] * factor) }
    }

    /// Multiplies a vector by a gate: `gate = silu(gate) · up`, with silu(x) = x / (1 + e⁻ˣ).
    public static func gatedSilu(_ gate: UnsafeMutablePointer<Float>, _ up: UnsafePointer<Float>, _ count: Int) {
        forEachGroup(gate, count, filler: 0) { group, offset, valid in
            let activated = group / (1 + exponential(-group))
            if valid == 16 {
                gate.store(activated * up.lanes(offset), offset)
            } else {
                for j in 0..<valid { gate[offset &+ j] = activated[j] * up[offset &+ j] }
            }
        }
    }
}
