import Digests

/// A line of JSON, an object whose last member, `checksum`, is the Poly1305 of what is before it.
enum CheckedLine {
    private static let opening = Array(",\"checksum\":\"".utf8)
    private static let closing = Array("\"}".utf8)
    private static var memberByteCount: Int { opening.count + Checksum.hexadecimalLength + closing.count }

    /// The object with its checksum, and the line's end.
    ///
    /// - Parameter object: A JSON object that has members.
    static func line(_ object: [UInt8]) -> [UInt8] {
        let content = object.dropLast()
        var line = Array(content)
        line += opening
        line += checksum(of: content).utf8
        line += closing
        line.append(0x0a)
        return line
    }

    /// Whether a line is as it was written; nil if it has no checksum.
    ///
    /// - Parameter line: The line without its end.
    static func isWhole(_ line: ArraySlice<UInt8>) -> Bool? {
        let content = line.dropLast(memberByteCount)
        let member = line[content.endIndex...]
        guard member.starts(with: opening), member.suffix(closing.count).elementsEqual(closing) else { return nil }
        return member.dropFirst(opening.count).starts(with: checksum(of: content).utf8)
    }

    private static func checksum(of content: ArraySlice<UInt8>) -> String {
        let checksum = Checksum()
        content.withUnsafeBytes { checksum.update($0) }
        return checksum.finish()
    }
}
