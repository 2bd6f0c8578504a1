import Numerics
import Runtime

/// Cuts windows into batches that memory can hold, as large as it allows.
package struct WindowBatches {
    let windows: [EvaluationWindow]
    /// Models that are run on each batch.
    let passes: [ForwardPass]
    /// What is held beside the batches.
    let held: WorkingSet
    let progress: @Sendable (_ fraction: Double) -> Void

    package init(
        windows: [EvaluationWindow], passes: [ForwardPass], beside held: WorkingSet = .none,
        progress: @escaping @Sendable (_ fraction: Double) -> Void
    ) {
        self.windows = windows
        self.passes = passes
        self.held = held
        self.progress = progress
    }

    /// Calls `body` with each batch's range of windows, in order.
    ///
    /// - Parameters:
    ///   - first: The number of the first window that is not done yet.
    ///   - room: The bytes that the states of a batch may take; nil for what memory has.
    package func forEach(from first: Int = 0, room: Int? = nil, _ body: (Range<Int>) throws -> Void) throws {
        for range in ranges(from: first, room: room ?? self.room) { try body(range) }
    }

    /// The windows of all batches together.
    package var windowCount: Int { windows.count }

    /// The bytes that memory has for the states of a batch.
    package var room: Int { passes[0].memory.room(beside: held + workingSet) }

    /// The batches from a window on that go into some room.
    package func ranges(from first: Int, room: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = first
        while start < windows.count {
            var end = start
            var byteCount = 0
            while end < windows.count {
                byteCount += workingSet(of: windows[end]).byteCount
                guard byteCount <= room || end == start else { break }
                end += 1
            }
            // A little more or less memory should not change how the work is cut: no result depends on it, but states that
            // an earlier run has kept are those of a batch.
            if end < windows.count { end = start + Self.powerOfTwo(notAbove: end - start) }
            ranges.append(start..<end)
            start = end
        }
        return ranges
    }

    /// What the models need, one after the other, for any batch.
    package var workingSet: WorkingSet {
        let size = BatchSize(windows.map(\.tokens))
        return .largest(passes.map { $0.workingSet(size) })
    }

    /// What a batch needs for each of its windows: the states of one model after the other, and what is kept of each.
    package func workingSet(of window: EvaluationWindow) -> WorkingSet {
        let states = passes.map { $0.stateWorkingSet(tokenCount: window.tokens.count) }
        return passes.reduce(.largest(states)) {
            $0 + $1.finalStateWorkingSet(rowCount: window.scored.count)
                + TokenScore.workingSet(count: window.scored.count)
        }
    }

    private static func powerOfTwo(notAbove count: Int) -> Int { 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount) }

    /// Runs one batch through a model.
    ///
    /// - Parameter states: where its states are kept between layers, and found again.
    package func run(
        _ range: Range<Int>, through number: Int, observer: (any ActivationObserver)? = nil,
        states: (any StateKeeper)? = nil
    ) throws -> HiddenStates {
        let pass = passes[number]
        let layers = Double(pass.plan.layerCount + 1)
        let whole = Double(windows.count * passes.count)
        let done = Double(range.lowerBound * passes.count + number * range.count) / whole
        let share = Double(range.count) / whole
        return try pass.run(windows[range].map(\.tokens), from: states?.load(), observer: observer) {
            [progress] layer, hidden in
            progress(done + share * Double(layer + 1) / layers)
            try states?.save(hidden, layer: layer, isLast: layer == pass.plan.layerCount - 1)
        }
    }

    /// The rows that predict the scored tokens of a batch, and these tokens.
    func scored(_ range: Range<Int>) -> (rows: [Int], tokens: [Int32]) { EvaluationWindow.scored(windows[range]) }
}

extension EvaluationWindow {
    /// The rows that predict the scored tokens of windows which follow each other, and these tokens.
    package static func scored(_ windows: some Sequence<EvaluationWindow>) -> (rows: [Int], tokens: [Int32]) {
        var rows: [Int] = []
        var tokens: [Int32] = []
        var first = 0
        for window in windows {
            for position in window.scored {
                rows.append(first + position - 1)
                tokens.append(window.tokens[position])
            }
            first += window.tokens.count
        }
        return (rows, tokens)
    }
}
