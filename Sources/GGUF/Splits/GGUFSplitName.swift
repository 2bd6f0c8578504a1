import FoundationEssentials

/// The file names of the parts of a split model: `prefix-00002-of-00005.gguf`.
enum GGUFSplitName {
    /// The end of the name of part `number`, counted from 1.
    static func suffix(number: Int, count: Int) -> String {
        "-\(digits(number))-of-\(digits(count)).gguf"
    }

    /// The paths of all parts.
    ///
    /// - Parameter path: the path of part `number`; nil comes back if its name is not that of this part.
    static func paths(ofPart number: Int, count: Int, at path: String) -> [String]? {
        let end = suffix(number: number, count: count)
        guard path.hasSuffix(end) else { return nil }
        let prefix = path.dropLast(end.count)
        return (1...count).map { prefix + suffix(number: $0, count: count) }
    }

    /// The files that are there under names of parts, of sets of any number.
    ///
    /// - Parameter prefix: the parts' path, less the number and the extension.
    /// - Returns: their paths, in order.
    static func paths(withPrefix prefix: String) -> [String] {
        let slash = prefix.lastIndex(of: "/").map { prefix.index(after: $0) } ?? prefix.startIndex
        let (folder, stem) = (String(prefix[..<slash]), String(prefix[slash...]))
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        return names.filter { name in
            guard name.hasPrefix(stem) else { return false }
            let numbers = name.dropFirst(stem.count).split(separator: "-of-", maxSplits: 1)
            guard numbers.count == 2, numbers[0].first == "-", numbers[1].hasSuffix(".gguf"),
                let number = Int(numbers[0].dropFirst()), let count = Int(numbers[1].dropLast(5)), number <= count
            else { return false }
            return name.hasSuffix(suffix(number: number, count: count))
        }.sorted().map { folder + $0 }
    }

    private static func digits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}
