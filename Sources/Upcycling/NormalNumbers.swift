import Numerics

/// Random numbers with mean 0 and standard deviation 1, the same on every machine.
///
/// Each is the sum of twelve uniform numbers of 16 bits, which is close to normal and never beyond ±6.
struct NormalNumbers {
    private var random: SeededRandom

    /// The sequence of a seed and of what it is for.
    init(seed: UInt64, _ parts: Int...) {
        var state = seed
        for part in parts {
            var mixer = SeededRandom(seed: state ^ UInt64(truncatingIfNeeded: part) &* 0xd6e8_feb8_6659_fd93)
            state = mixer.next()
        }
        random = SeededRandom(seed: state)
    }

    mutating func next() -> Float {
        var sum: UInt64 = 0
        for _ in 0..<3 {
            let word = random.next()
            sum &+= (word & 0xffff) &+ (word >> 16 & 0xffff) &+ (word >> 32 & 0xffff) &+ word >> 48
        }
        return (Float(sum) - 12 * 32767.5) / 65536
    }

    /// A number below a bound, uniform but for a share of 2⁻³² of it.
    mutating func next(below bound: Int) -> Int { Int(((random.next() >> 32) &* UInt64(bound)) >> 32) }
}
