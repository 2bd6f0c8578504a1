/// A set of files that are numbered in their names, `NAME-00001-of-00003SUFFIX`: the shards of a checkpoint that has no
/// index.
public struct NumberedFiles: Sendable, Equatable {
    /// The names of the whole set in order, whether there are such files or not.
    public let names: [String]
    /// The names of the set under which there is no file.
    public let missing: [String]

    /// Finds the sets of numbered files, with names that end in `suffix`, among the names of a directory's files.
    ///
    /// - Returns: every set that one of the names belongs to, sorted by the name of the first file.
    public static func sets(among names: [String], suffix: String) -> [NumberedFiles] {
        let present = Set(names)
        var sets: [String: NumberedFiles] = [:]
        for name in names {
            guard let set = Shard(name, suffix: suffix)?.set, sets[set[0]] == nil else { continue }
            sets[set[0]] = NumberedFiles(names: set, missing: set.filter { !present.contains($0) })
        }
        return sets.sorted { $0.key < $1.key }.map(\.value)
    }

    /// What the name of a shard says.
    private struct Shard {
        let prefix: Substring
        let digitCount: Int
        let count: Int
        let suffix: String

        /// More shards than any checkpoint has.
        private static let countLimit = 99_999

        init?(_ name: String, suffix: String) {
            guard name.hasSuffix(suffix) else { return nil }
            let parts = name.dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count >= 4, parts[parts.count - 2] == "of", let count = Self.number(parts[parts.count - 1]),
                let number = Self.number(parts[parts.count - 3]), (1...count).contains(number),
                parts[parts.count - 3].utf8.count == parts[parts.count - 1].utf8.count
            else { return nil }
            digitCount = parts[parts.count - 1].utf8.count
            prefix = name.prefix(name.count - suffix.count - 2 * digitCount - "--of-".count)
            self.count = count
            self.suffix = suffix
        }

        /// The names of all shards.
        var set: [String] {
            (1...count).map { "\(prefix)-\(padded($0))-of-\(padded(count))\(suffix)" }
        }

        private func padded(_ number: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, digitCount - digits.count)) + digits
        }

        private static func number(_ digits: Substring) -> Int? {
            guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(digits), (1...countLimit).contains(number)
            else { return nil }
            return number
        }
    }
}
