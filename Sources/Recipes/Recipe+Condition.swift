extension Recipe {
    /// A question about the model or about a tensor's place in it.
    public enum Condition: Sendable, Hashable, CustomStringConvertible {
        /// The number of query heads that share one key and value head is at least this.
        case minimumQueryGroupSize(Int)
        /// The number of routed experts is at least this.
        case minimumExpertCount(Int)
        /// The number of routed experts is this; 0 for a dense model.
        case expertCount(Int)
        /// The number of layers is this.
        case layerCount(Int)
        /// Whether there is an importance matrix.
        case importance(Bool)
        /// The number of elements in a row is not a multiple of this number.
        case rowLengthIsNoMultiple(of: Int)
        /// Whether the tensor holds the matrices of more than one expert.
        case isStack(Bool)
        /// The tensor's number, counted in one of the ways of ``Numbering``, is in the stretch.
        case number(Numbering, Stretch)

        /// The condition in words.
        public var description: String {
            switch self {
            case .minimumQueryGroupSize(let size): "\(size) or more query heads per key head"
            case .minimumExpertCount(let count): "\(count) or more experts"
            case .expertCount(let count): "\(count) experts"
            case .layerCount(let count): "\(count) layers"
            case .importance(let given): given ? "with importance" : "without importance"
            case .rowLengthIsNoMultiple(let length): "row no multiple of \(length)"
            case .isStack(let isStack): isStack ? "a stack" : "no stack"
            case .number(let numbering, let stretch): "\(numbering) \(stretch)"
            }
        }
    }

    /// The way in which the tensors of a rule's roles are numbered from 0.
    public enum Numbering: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
        /// One after another, by layer and then by name. Tensors that stay as they are do not count, nor do those that
        /// a rule without roles decides.
        case running
        /// Each tensor has the number of its layer.
        case layer
        /// Each tensor has the number of its layer if the model has more than one expert, else a running number: what
        /// llama.cpp does.
        case layerOrRunning

        /// The numbers in words: a layer, or a running number.
        public var description: String {
            switch self {
            case .running: "running number"
            case .layer, .layerOrRunning: "layer"
            }
        }
    }

    /// A part of the numbers from 0 to `n` − 1, where `n` is the number of layers.
    public enum Stretch: Sendable, Hashable, CustomStringConvertible {
        /// From the first number to the one before the second.
        case range(Range<Int>)
        /// The first `n / divisor` numbers, rounded down. The divisor is above 0.
        case firstPart(divisor: Int)
        /// The last `n / divisor` numbers, rounded down. The divisor is above 0.
        case lastPart(divisor: Int)
        /// The first and the last eighth, and every third in between.
        case sensitive
        /// Neither the first nor the last eighth.
        case middle

        func contains(_ number: Int, of count: Int) -> Bool {
            // 7n / 8 rounded down, without the overflow of 7n.
            let lastEighth = 7 * (count / 8) + 7 * (count % 8) / 8
            return switch self {
            case .range(let range): range.contains(number)
            case .firstPart(let divisor): number < count / divisor
            case .lastPart(let divisor): number >= count - count / divisor
            case .sensitive: number < count / 8 || number >= lastEighth || (number - count / 8) % 3 == 2
            case .middle: number >= count / 8 && number < lastEighth
            }
        }

        /// The numbers in words.
        public var description: String {
            switch self {
            case .range(let range) where range.lowerBound == 0: "below \(range.upperBound)"
            case .range(let range): "from \(range.lowerBound), below \(range.upperBound)"
            case .firstPart(let divisor): "below layers/\(divisor)"
            case .lastPart(let divisor): "in the last layers/\(divisor)"
            case .sensitive: "in the first or last eighth or every third between"
            case .middle: "between the first and the last eighth"
            }
        }
    }
}
