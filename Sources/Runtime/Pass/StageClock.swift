/// What the time of a forward pass goes into.
public enum ComputeStage: Int, CaseIterable, Sendable {
    /// Reading encoded weights.
    case read
    /// Decoding them to float32.
    case dequantize
    /// Products of activations and weights.
    case multiply
    /// Products of queries, keys and values.
    case attention
    /// Softmax of attention, and what is computed of the logits.
    case softmax
}

/// Time spent in each stage, added up over threads.
public struct StageTimes: Sendable, Equatable {
    private var nanoseconds = [UInt64](repeating: 0, count: ComputeStage.allCases.count)

    /// The time spent in one stage.
    public subscript(stage: ComputeStage) -> Duration { .nanoseconds(Int64(nanoseconds[stage.rawValue])) }

    mutating func add(_ count: UInt64, to stage: ComputeStage) { nanoseconds[stage.rawValue] += count }

    static func + (a: StageTimes, b: StageTimes) -> StageTimes {
        var sum = a
        for stage in ComputeStage.allCases { sum.add(b.nanoseconds[stage.rawValue], to: stage) }
        return sum
    }
}
