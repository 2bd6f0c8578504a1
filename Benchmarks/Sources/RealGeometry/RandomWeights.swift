import Foundation
import Numerics
import Tensors

/// Weights with the traits that make quantization hard: heavy tails, and rows and columns of different size.
///
/// An element is a draw from a mixture of normal distributions, times a log-normal scale of its row and one of its column.
/// Every row has its own random numbers, so that rows can be made in any order.
struct RandomWeights: Sendable {
    private let seed: UInt64
    /// 65536 draws of variance about 1; an element is one of them, picked by 16 random bits.
    private let draws: [Float]

    private static let deviation: Float = 0.02
    private static let scaleSpread: Float = 0.3
    private static let tailSpread: Float = 0.35

    init(seed: UInt64) {
        self.seed = seed
        var random = SeededRandom(seed: seed)
        draws = (0..<1 << 16).map { _ in
            Self.normal(&random) * exp(Self.tailSpread * Self.normal(&random) - Self.tailSpread * Self.tailSpread)
        }
    }

    /// The scales of a tensor's columns; nil for a vector, which is a norm's gain around 1.
    func columnScales(of tensor: PlannedTensor, number: Int) -> [Float]? {
        guard tensor.shape.count > 1 else { return nil }
        var random = SeededRandom(seed: rowSeed(number, row: tensor.rowCount))
        return (0..<tensor.rowLength).map { _ in Self.deviation * exp(Self.scaleSpread * Self.normal(&random)) }
    }

    /// Fills a row; `number` is the tensor's among all.
    func fill(_ target: UnsafeMutablePointer<UInt16>, row: Int, ofTensor number: Int, length: Int, scales: [Float]?) {
        var random = SeededRandom(seed: rowSeed(number, row: row))
        guard let scales else {
            for index in 0..<length { target[index] = BFloat16(1 + 0.1 * Self.normal(&random)).bitPattern }
            return
        }
        let scale = exp(Self.scaleSpread * Self.normal(&random))
        draws.withUnsafeBufferPointer { draws in
            scales.withUnsafeBufferPointer { scales in
                var bits: UInt64 = 0
                for index in 0..<length {
                    if index & 3 == 0 { bits = random.next() }
                    target[index] = BFloat16(draws[Int(bits & 0xffff)] * scale * scales[index]).bitPattern
                    bits >>= 16
                }
            }
        }
    }

    private func rowSeed(_ number: Int, row: Int) -> UInt64 {
        var random = SeededRandom(seed: seed ^ UInt64(number) << 32 ^ UInt64(row))
        return random.next()
    }

    /// A standard normal draw (Box and Muller, 1958).
    private static func normal(_ random: inout SeededRandom) -> Float {
        let radius = sqrt(-2 * log(Float.random(in: Float.leastNormalMagnitude..<1, using: &random)))
        return radius * cos(2 * .pi * Float.random(in: 0..<1, using: &random))
    }
}
