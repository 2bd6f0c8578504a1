/// What the memory of a batch depends on.
package struct BatchSize: Sendable, Hashable {
    /// The tokens of all sequences together.
    package let tokenCount: Int
    /// The tokens of the longest sequence.
    package let longestSequence: Int

    /// The size of a batch that is known by its figures.
    package init(tokenCount: Int, longestSequence: Int) {
        self.tokenCount = tokenCount
        self.longestSequence = longestSequence
    }

    /// The size of a batch of sequences.
    package init(_ sequences: some Sequence<TokenSequence>) {
        let counts = sequences.map(\.count)
        self.init(tokenCount: counts.reduce(0, +), longestSequence: counts.max() ?? 0)
    }
}

/// The sequences of one run and where their rows begin.
struct Batch: Sendable {
    let sequences: [TokenSequence]
    /// First row of each sequence.
    let starts: [Int]
    let rowCount: Int
    /// Earlier tokens of the only sequence.
    let cache: KeyValueCache?
    let rotary: RotaryTable
    let observer: (any ActivationObserver)?

    init(
        sequences: [TokenSequence], cache: KeyValueCache?, rotary: RotaryTable, observer: (any ActivationObserver)?
    ) {
        self.sequences = sequences
        var starts: [Int] = []
        var total = 0
        for sequence in sequences {
            starts.append(total)
            total += sequence.count
        }
        self.starts = starts
        rowCount = total
        self.cache = cache
        self.rotary = rotary
        self.observer = observer
    }

    var size: BatchSize { BatchSize(sequences) }

    /// Whether the rows are so few that matrices are used piece by piece.
    var isSmall: Bool { rowCount <= Projection.piecewiseRowLimit }
}

/// Some neighbouring tokens of one sequence.
struct AttentionPanel: Sendable {
    /// Numbers the panels of a batch.
    let number: Int
    /// The places of the tokens in their sequence.
    let tokens: Range<Int>
    /// The rows of the tokens in the batch.
    let rows: Range<Int>
    /// The sequence's first row among the keys and values that are held.
    let keyStart: Int
}

extension Batch {
    /// Sequences whose keys and values are held together: as many as have `limit` tokens, at least one.
    func attentionGroups(limit: Int) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        var count = 0
        for (index, sequence) in sequences.enumerated() {
            if index > start, count + sequence.count > limit {
                groups.append(start..<index)
                (start, count) = (index, 0)
            }
            count += sequence.count
        }
        return groups + (start < sequences.count ? [start..<sequences.count] : [])
    }

    func panels(ofSequences group: Range<Int>, length: Int) -> [AttentionPanel] {
        var panels: [AttentionPanel] = []
        for sequence in group {
            let count = sequences[sequence].count
            for start in stride(from: 0, to: count, by: length) {
                let (first, tokens) = (starts[sequence], start..<min(count, start + length))
                panels.append(
                    AttentionPanel(
                        number: (first + start) / length + sequence, tokens: tokens,
                        rows: first + tokens.lowerBound..<first + tokens.upperBound,
                        keyStart: first - starts[group.lowerBound]))
            }
        }
        return panels
    }
}
