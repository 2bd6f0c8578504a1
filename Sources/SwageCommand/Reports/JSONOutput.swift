import Foundation
import Reporting

/// Results as one JSON object.
enum JSONOutput {
    static func print(_ value: some Encodable) throws { try StandardStream.output.write(json: bytes(of: value)) }

    /// The object and a line feed; nothing in it acts on a terminal.
    static func bytes(of value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return JSONText.escaping(Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }
}
