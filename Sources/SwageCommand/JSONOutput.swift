import Foundation

/// Prints results as one JSON object.
enum JSONOutput {
    static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        StandardStream.output.write(Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }
}
