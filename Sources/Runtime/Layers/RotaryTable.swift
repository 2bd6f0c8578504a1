import ModelArchitecture
import Numerics
import Platform

extension Double {
    /// Natural logarithm.
    static func logarithm(_ x: Double) -> Double { log(x) }
}

/// Cosines and sines of the rotary embedding for positions from 0 on (Su et al., arXiv 2104.09864).
struct RotaryTable: Sendable {
    private let pairCount: Int
    /// Position-major; cosine and sine of each pair in turn.
    private let angles: FloatBuffer

    /// The memory of the angles of `positionCount` positions.
    static func workingSet(_ rope: DecoderPlan.RotaryEmbedding, positionCount: Int) -> WorkingSet {
        WorkingSet("rotary angles", floatCount: positionCount * rope.dimensionCount)
    }

    /// - Parameter factors: divisors of the frequencies; nil if the model has none.
    init(_ rope: DecoderPlan.RotaryEmbedding, factors: FloatBuffer?, positionCount: Int) {
        let frequencies = rope.frequencies
        pairCount = frequencies.count
        angles = FloatBuffer(count: positionCount * rope.dimensionCount)
        for pair in 0..<pairCount {
            let frequency = frequencies[pair] / (factors.map { Double($0.base[pair]) } ?? 1)
            for position in 0..<positionCount {
                let angle = Double(position) * frequency
                angles.base[position * rope.dimensionCount + 2 * pair] = Float(rope.amplitude * cos(angle))
                angles.base[position * rope.dimensionCount + 2 * pair + 1] = Float(rope.amplitude * sin(angle))
            }
        }
    }

    /// Rotates neighbouring pairs at the start of each of `headCount` heads of one token, in place.
    func rotate(_ heads: UnsafeMutablePointer<Float>, headCount: Int, headLength: Int, position: Int) {
        let row = angles.base + position &* pairCount &* 2
        for head in 0..<headCount {
            let x = heads + head &* headLength
            for pair in 0..<pairCount {
                let (cosine, sine) = (row[2 &* pair], row[2 &* pair &+ 1])
                let (a, b) = (x[2 &* pair], x[2 &* pair &+ 1])
                x[2 &* pair] = a * cosine - b * sine
                x[2 &* pair &+ 1] = a * sine + b * cosine
            }
        }
    }
}
