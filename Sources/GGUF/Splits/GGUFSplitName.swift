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

    private static func digits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}
