import Platform

extension DecoderPlan {
    /// Rotary position embedding (Su et al., arXiv 2104.09864), perhaps stretched to longer contexts.
    public struct RotaryEmbedding: Sendable, Hashable {
        /// The base of the frequencies: pair `i` of `n` turns by `base^(−i/n)` radians per position.
        public var frequencyBase: Double
        /// The number of leading elements of each head that are rotated, two at a time.
        public var dimensionCount: Int
        /// The difference of the frequencies from the plain powers of the base.
        public var scaling: Scaling
        /// The factor on cosines and sines, such as YaRN's attention factor.
        public var amplitude: Double
        /// Whether the model has a tensor of divisors of the frequencies, one for each pair.
        public var hasFrequencyFactors: Bool

        /// A rotary embedding; by default of plain frequencies.
        public init(
            frequencyBase: Double, dimensionCount: Int, scaling: Scaling = .none, amplitude: Double = 1,
            hasFrequencyFactors: Bool = false
        ) {
            self.frequencyBase = frequencyBase
            self.dimensionCount = dimensionCount
            self.scaling = scaling
            self.amplitude = amplitude
            self.hasFrequencyFactors = hasFrequencyFactors
        }

        /// A way to stretch a rotary embedding to longer contexts.
        public enum Scaling: Sendable, Hashable {
            /// The frequencies are the plain powers of the base.
            case none
            /// All positions are divided by a factor (Chen et al., arXiv 2306.15595).
            case linear(factor: Double)
            /// Frequencies are interpolated by their number of rotations.
            case yarn(YaRN)
            /// Frequencies are interpolated by their wavelengths.
            case llama3(Llama3)
        }

        /// YaRN (Peng et al., arXiv 2309.00071): low frequencies interpolated, high ones kept, a ramp over the
        /// dimensions between.
        public struct YaRN: Sendable, Hashable {
            /// The factor that the context is stretched by, 1 or more.
            public var factor: Double
            /// The longest sequence, in tokens, that the model was trained on before it was stretched.
            public var originalContextLength: Int
            /// The number of rotations over the original context above which a frequency is kept.
            public var fastRotations: Double
            /// The number of rotations over the original context below which a frequency is interpolated in full.
            public var slowRotations: Double
            /// Whether the ramp begins and ends at whole dimensions.
            public var roundsRamp: Bool

            /// The parameters of YaRN; all but the first two have the paper's values unless given.
            public init(
                factor: Double, originalContextLength: Int, fastRotations: Double = 32, slowRotations: Double = 1,
                roundsRamp: Bool = true
            ) {
                self.factor = factor
                self.originalContextLength = originalContextLength
                self.fastRotations = fastRotations
                self.slowRotations = slowRotations
                self.roundsRamp = roundsRamp
            }

            /// The attention factor that the paper recommends: `0.1 · m · ln(factor) + 1`.
            public func amplitude(multiplier m: Double = 1) -> Double { factor <= 1 ? 1 : 0.1 * m * log(factor) + 1 }
        }

        /// Llama 3.1's variant of interpolation, whose ramp runs over wavelengths.
        public struct Llama3: Sendable, Hashable {
            /// The factor that the longest wavelengths are stretched by.
            public var factor: Double
            /// The divisor of the original context's length that gives the wavelength above which frequencies are
            /// interpolated in full.
            public var lowFrequencyFactor: Double
            /// The divisor of the original context's length that gives the wavelength below which frequencies are kept.
            public var highFrequencyFactor: Double
            /// The longest sequence, in tokens, that the model was trained on before it was stretched.
            public var originalContextLength: Int

            /// The parameters of Llama 3.1's interpolation.
            public init(
                factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContextLength: Int
            ) {
                self.factor = factor
                self.lowFrequencyFactor = lowFrequencyFactor
                self.highFrequencyFactor = highFrequencyFactor
                self.originalContextLength = originalContextLength
            }
        }

        /// The angle in radians by which each pair turns per position, before any frequency factors.
        public var frequencies: [Double] {
            let plain = plainFrequencies
            switch scaling {
            case .none: return plain
            case .linear(let factor): return plain.map { $0 / factor }
            case .yarn(let yarn):
                let ramp = rampRange(yarn)
                return plain.enumerated().map { pair, frequency in
                    let interpolated = min(1, max(0, (Double(pair) - ramp.low) / (ramp.high - ramp.low)))
                    return frequency * (1 - interpolated + interpolated / yarn.factor)
                }
            case .llama3(let llama3): return plain.map { $0 * llama3.scale(ofFrequency: $0) }
            }
        }

        /// The divisors of the plain frequencies that give ``frequencies``: the scaling as a tensor of frequency
        /// factors.
        public var frequencyFactors: [Float] { zip(plainFrequencies, frequencies).map { Float($0 / $1) } }

        private var plainFrequencies: [Double] {
            (0..<dimensionCount / 2).map { pow(frequencyBase, -2 * Double($0) / Double(dimensionCount)) }
        }

        /// The pairs between which YaRN passes from kept to interpolated frequencies.
        private func rampRange(_ yarn: YaRN) -> (low: Double, high: Double) {
            /// The pair whose wave turns this often over the original context.
            func pair(turning rotations: Double) -> Double {
                Double(dimensionCount) * log(Double(yarn.originalContextLength) / (rotations * 2 * .pi))
                    / (2 * log(frequencyBase))
            }
            var (low, high) = (pair(turning: yarn.fastRotations), pair(turning: yarn.slowRotations))
            if yarn.roundsRamp { (low, high) = (low.rounded(.down), high.rounded(.up)) }
            (low, high) = (max(low, 0), min(high, Double(dimensionCount - 1)))
            return (low, high > low ? high : low + 0.001)
        }
    }
}

extension DecoderPlan.RotaryEmbedding.Llama3 {
    fileprivate func scale(ofFrequency frequency: Double) -> Double {
        let rotations = Double(originalContextLength) * frequency / (2 * .pi)
        if rotations > highFrequencyFactor { return 1 }
        if rotations < lowFrequencyFactor { return 1 / factor }
        let kept = (rotations - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
        return (1 - kept) / factor + kept
    }
}
