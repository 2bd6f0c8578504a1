import Foundation

/// Results as one JSON object.
enum JSONOutput {
    static func print(_ value: some Encodable) throws { try StandardStream.output.write(bytes(of: value)) }

    /// The object and a line feed.
    static func bytes(of value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }
}
