import Platform

extension DecoderPlan {
    /// Rotary position embedding (Su et al., arXiv 2104.09864) and how it was stretched to longer contexts.
    public struct RotaryEmbedding: Sendable, Hashable {
        public var frequencyBase: Double
        /// Leading elements of each head that are rotated.
        public var dimensionCount: Int
        public var scaling: Scaling
        /// Factor on cosines and sines; YaRN's attention factor.
        public var amplitude: Double
        /// Whether the model has a tensor of divisors, one for each frequency.
        public var hasFrequencyFactors: Bool

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

        /// How the frequencies differ from the plain powers of the base.
        public enum Scaling: Sendable, Hashable {
            case none
            /// All positions divided by a factor (Chen et al., arXiv 2306.15595).
            case linear(factor: Double)
            case yarn(YaRN)
            case llama3(Llama3)
        }

        /// Low frequencies interpolated, high ones kept, a ramp over the dimensions between (Peng et al., arXiv
        /// 2309.00071).
        public struct YaRN: Sendable, Hashable {
            public var factor: Double
            /// Tokens the model was trained on before it was stretched.
            public var originalContextLength: Int
            /// Rotations over the original context above which a frequency is kept.
            public var fastRotations: Double
            /// Rotations below which a frequency is interpolated in full.
            public var slowRotations: Double
            /// Whether the ramp begins and ends at whole dimensions.
            public var roundsRamp: Bool

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

        /// Llama 3.1's variant: the ramp runs over wavelengths.
        public struct Llama3: Sendable, Hashable {
            public var factor: Double
            /// Wavelengths above `originalContextLength / lowFrequencyFactor` are interpolated in full.
            public var lowFrequencyFactor: Double
            /// Wavelengths below `originalContextLength / highFrequencyFactor` are kept.
            public var highFrequencyFactor: Double
            public var originalContextLength: Int

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

        /// What divides the plain frequencies to give ``frequencies``: the scaling as a tensor of frequency factors.
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
