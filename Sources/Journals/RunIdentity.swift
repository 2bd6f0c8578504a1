import Digests

/// What decides the result of a run: what it is, its inputs by their content, its options. Runs with the same identity
/// compute the same.
package struct RunIdentity: Sendable, Equatable {
    /// What each part is, as in "the texts", and its value; values say it all, or are digests.
    package private(set) var parts: [(name: String, value: String)] = []

    /// An identity that has no parts yet.
    package init() {}

    /// Adds a part.
    ///
    /// - Parameters:
    ///   - name: What the part is, in words that a message can use, such as "the texts".
    ///   - value: The value, or a digest of it.
    package mutating func add(_ name: String, _ value: some CustomStringConvertible) {
        parts.append((name, value.description))
    }

    /// The parts as bytes, a line each: the name and the value with a tab between them.
    package var bytes: [UInt8] {
        Array(parts.map { "\(Self.plain($0.name))\t\(Self.plain($0.value))\n" }.joined().utf8)
    }

    /// The digest of ``bytes``.
    package var digest: String { SHA256.hexadecimal(of: bytes) }

    /// The parts that differ from those of another run, by name; nil if none does.
    ///
    /// - Parameter stored: The other identity's ``bytes``.
    package func difference(from stored: [UInt8]) -> [String]? {
        guard bytes != stored else { return nil }
        let known = Set(String(decoding: stored, as: UTF8.self).split(separator: "\n").map(String.init))
        return parts.filter { !known.contains("\(Self.plain($0.name))\t\(Self.plain($0.value))") }.map(\.name)
    }

    package static func == (first: Self, second: Self) -> Bool { first.bytes == second.bytes }

    /// A text without the characters that divide parts.
    private static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isEscaped) else { return text }
        return text.unicodeScalars.map { isEscaped($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
    }

    private static func isEscaped(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || scalar == "\\" }
}
