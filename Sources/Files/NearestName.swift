extension Sequence<String> {
    /// The name that somebody who wrote `word` is likely to have meant: the one that the fewest insertions, deletions, changes
    /// and exchanges of neighbours make of it, whatever its case, if these are few for its length.
    package func nearest(to word: String) -> String? {
        let limit = Swift.max(1, word.count / 3)
        let plain = word.withoutSeparators
        // Of names that are as near, the one that differs in separators alone was meant.
        let found = map { name in
            (
                name, name.lettersLowercased.distance(to: word.lettersLowercased),
                name.withoutSeparators.distance(to: plain)
            )
        }.min { ($0.2, $0.1) < ($1.2, $1.1) }
        return found.flatMap { $0.1 <= limit || $0.2 == 0 ? $0.0 : nil }
    }
}

extension String {
    fileprivate var lettersLowercased: [Character] { Array(lowercased()) }
    fileprivate var withoutSeparators: [Character] { lettersLowercased.filter { $0 != "_" && $0 != "-" } }
}

extension [Character] {
    /// The optimal string alignment distance (Damerau–Levenshtein without edits of what was exchanged).
    fileprivate func distance(to other: [Character]) -> Int {
        var (before, last) = ([Int](), Array<Int>(0...other.count))
        for row in indices {
            var current = [row + 1]
            for column in other.indices {
                let isSame = self[row] == other[column]
                var cost = Swift.min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, self[row] == other[column - 1], self[row - 1] == other[column] {
                    cost = Swift.min(cost, before[column - 1] + 1)
                }
                current.append(cost)
            }
            (before, last) = (last, current)
        }
        return last[other.count]
    }
}
