/// The time that a forward pass has spent on each activity, added up over threads.
public struct PassTimes: Sendable, Equatable {
    /// An activity of a thread in a forward pass.
    public enum Activity: Int, CaseIterable, Sendable {
        /// Reading encoded weights.
        case read
        /// Decoding weights to float32.
        case dequantize
        /// Products of activations and weights.
        case multiply
        /// Products of queries, keys and values.
        case attention
        /// The softmax of attention, and computations on the logits.
        case softmax
    }

    private var nanoseconds = [UInt64](repeating: 0, count: Activity.allCases.count)

    /// The time that all threads together spent on an activity.
    public subscript(activity: Activity) -> Duration { .nanoseconds(Int64(nanoseconds[activity.rawValue])) }

    mutating func add(_ count: UInt64, to activity: Activity) { nanoseconds[activity.rawValue] += count }

    static func + (a: PassTimes, b: PassTimes) -> PassTimes {
        var sum = a
        for activity in Activity.allCases { sum.add(b.nanoseconds[activity.rawValue], to: activity) }
        return sum
    }
}
