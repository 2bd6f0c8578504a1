import ModelArchitecture
import TensorCore

extension Recipe {
    /// A type for the tensors of some roles, if all conditions hold.
    public struct Rule: Sendable, Hashable, CustomStringConvertible {
        /// The roles that the rule is about. A token embedding that is also the output matrix has the role `output`.
        public let roles: [TensorRole]
        public let conditions: [Condition]
        public let type: TensorType
        /// Why it is so, for people.
        public let reason: String

        init(_ roles: [TensorRole], _ conditions: Condition..., type: TensorType, reason: String) {
            self.roles = roles
            self.conditions = conditions
            self.type = type
            self.reason = reason
        }

        public var description: String { "\(subject): \(type.name) (\(reason))" }

        /// What the rule is about, without its type and reason.
        var subject: String {
            ([roles.map(\.stem).joined(separator: ", ")] + conditions.map(\.description)).joined(separator: ", ")
        }
    }

    /// A question about the model or about a tensor's place in it.
    public enum Condition: Sendable, Hashable, CustomStringConvertible {
        /// At least so many query heads share one key and value head.
        case minimumQueryGroupSize(Int)
        case minimumExpertCount(Int)
        case expertCount(Int)
        /// Whether an importance matrix is at hand.
        case importance(Bool)
        case rowLengthIsNoMultiple(of: Int)
        /// The tensor's number is in the stretch.
        case number(Numbering, Stretch)

        public var description: String {
            switch self {
            case .minimumQueryGroupSize(let size): "\(size) or more query heads per key head"
            case .minimumExpertCount(let count): "\(count) or more experts"
            case .expertCount(let count): "\(count) experts"
            case .importance(let given): given ? "with importance" : "without importance"
            case .rowLengthIsNoMultiple(let length): "row no multiple of \(length)"
            case .number(let numbering, let stretch): "\(numbering) \(stretch)"
            }
        }
    }

    /// How the tensors of a rule's roles are numbered from 0.
    public enum Numbering: Sendable, Hashable, CustomStringConvertible {
        /// One after another, by layer and then by name; only those that reach the rules count.
        case running
        /// By their layer if the model has more than one expert, else running.
        case layer

        public var description: String {
            switch self {
            case .running: "running number"
            case .layer: "layer"
            }
        }
    }

    /// A part of the numbers below the layer count `n`.
    public enum Stretch: Sendable, Hashable, CustomStringConvertible {
        case first(Int)
        /// Below `n / divisor`, rounded down.
        case firstPart(divisor: Int)
        /// The first and the last eighth, and every third in between.
        case sensitive

        func contains(_ number: Int, of count: Int) -> Bool {
            switch self {
            case .first(let length): return number < length
            case .firstPart(let divisor): return number < count / divisor
            case .sensitive:
                // 7n / 8 rounded down, without the overflow of 7n.
                let lastEighth = 7 * (count / 8) + 7 * (count % 8) / 8
                return number < count / 8 || number >= lastEighth || (number - count / 8) % 3 == 2
            }
        }

        public var description: String {
            switch self {
            case .first(let length): "below \(length)"
            case .firstPart(let divisor): "below layers/\(divisor)"
            case .sensitive: "in the first or last eighth or every third between"
            }
        }
    }
}
