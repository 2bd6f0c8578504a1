/// A search for strings that end a text, while the text comes in pieces.
///
/// Bytes that may be the beginning of such a string are held back until it is known whether they are.
public struct StopStrings: Sendable {
    private let strings: [[UInt8]]
    /// The beginning of a string.
    private var pending: [UInt8] = []
    /// The string that has ended the text; nil as long as there is none.
    public private(set) var found: String?

    /// Begins a text that ends before the first of some strings, none of which may be empty.
    public init(_ strings: [String]) {
        precondition(strings.allSatisfy { !$0.isEmpty })
        self.strings = strings.map { Array($0.utf8) }
    }

    /// Takes the next piece of the text.
    /// - Returns: the bytes that are now known to be before any of the strings; none once the text has ended.
    public mutating func append(_ bytes: [UInt8]) -> [UInt8] {
        guard found == nil else { return [] }
        pending += bytes
        for start in pending.indices {
            guard let string = strings.first(where: { pending[start...].starts(with: $0) }) else { continue }
            found = String(decoding: string, as: UTF8.self)
            pending.removeSubrange(start...)
            return takeAll()
        }
        let held = pending.indices.first { start in strings.contains { $0.starts(with: pending[start...]) } }
        let ready = Array(pending[..<(held ?? pending.endIndex)])
        pending.removeFirst(ready.count)
        return ready
    }

    /// Ends the text without any of the strings.
    /// - Returns: the bytes that were held back.
    public mutating func finish() -> [UInt8] { takeAll() }

    private mutating func takeAll() -> [UInt8] {
        defer { pending = [] }
        return pending
    }
}
