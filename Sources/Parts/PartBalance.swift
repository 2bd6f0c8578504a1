/// The division of a list into stretches of about the same cost.
package enum PartBalance {
    /// Halvings of the interval that the smallest largest sum is in: as many as a double has digits.
    private static let stepCount = 52

    /// Cuts a list so that the largest sum is as small as it can be, and the others are as even as that allows.
    ///
    /// - Parameters:
    ///   - costs: The elements' costs, none of them negative.
    ///   - before: What a stretch that ends with each element takes beside its own elements, in no place less than in the one
    ///     before; none for nothing. Stretches are then as full as the largest allows.
    ///   - count: The number of stretches; those behind the last element are empty if there are more than elements.
    /// - Returns: the stretches in order, which have all elements.
    package static func cut(_ costs: [Double], before: [Double] = [], into count: Int) -> [Range<Int>] {
        precondition(count > 0, "a list is cut into at least one stretch")
        let filled = min(count, costs.count)
        guard filled > 0 else { return [Range<Int>](repeating: 0..<0, count: count) }
        let extra = before.isEmpty ? costs.map { _ in 0 } : before
        let largest = zip(costs, extra).reduce(0) { max($0, $1.0 + $1.1) }
        var (low, high) = (largest, max(costs.reduce(0, +) * (1 + 1e-12) + extra[costs.count - 1], largest))
        for _ in 0..<stepCount where low < high {
            let middle = low + (high - low) / 2
            if Reach(costs, extra, limit: middle).counts[0] > filled { low = middle } else { high = middle }
        }
        let reach = Reach(costs, extra, limit: Reach(costs, extra, limit: low).counts[0] > filled ? high : low)
        var start = 0
        var rest = costs.reduce(0, +)
        let stretches = (0..<filled).map { number in
            let later = filled - number - 1
            let latest = min(reach.ends[start], costs.count - later)
            let share = rest / Double(later + 1)
            var (end, sum) = (start + 1, costs[start])
            while end < latest, !before.isEmpty || reach.counts[end] > later || sum + costs[end] / 2 <= share {
                sum += costs[end]
                end += 1
            }
            rest -= sum
            defer { start = end }
            return start..<end
        }
        return stretches + [Range<Int>](repeating: costs.count..<costs.count, count: count - filled)
    }

    /// How far stretches reach whose sums stay within a limit.
    private struct Reach {
        /// Behind the last element of the longest stretch that begins at each place.
        let ends: [Int]
        /// How many stretches the elements from each place on need, and 0 behind the last.
        let counts: [Int]

        init(_ costs: [Double], _ extra: [Double], limit: Double) {
            var sums = [0.0]
            for cost in costs { sums.append(sums[sums.count - 1] + cost) }
            var end = 0
            let ends = costs.indices.map { start in
                end = max(end, start + 1)
                while end < costs.count, sums[end + 1] - sums[start] + extra[end] <= limit { end += 1 }
                return end
            }
            var counts = [Int](repeating: 0, count: costs.count + 1)
            for start in costs.indices.reversed() { counts[start] = 1 + counts[ends[start]] }
            (self.ends, self.counts) = (ends, counts)
        }
    }
}
