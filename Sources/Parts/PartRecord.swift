import ByteJSON
import Files
import FoundationEssentials

/// What is known of a part that is complete, in a file beside it.
package struct PartRecord: Sendable, Equatable, Encodable {
    private static let currentSchema = "swage-part/1"

    private let schema: String
    /// The digest of the plan.
    package let plan: String
    /// The part's number, counted from 1.
    package let part: Int
    /// The version of Swage that made it.
    package let version: String
    /// The kind of processor, if it decides last bits; nil if it does not.
    package let processor: String?
    /// The size of the part's file.
    package let bytes: Int
    /// SHA-256 of the part's file.
    package let sha256: String
    /// How long the part took.
    package let seconds: Double
    /// What joining needs beside the file.
    package let lines: [String]

    package init(
        plan: String, part: Int, version: String, processor: String?, bytes: Int, sha256: String, seconds: Double,
        lines: [String]
    ) {
        schema = Self.currentSchema
        (self.plan, self.part, self.version, self.processor) = (plan, part, version, processor)
        (self.bytes, self.sha256, self.seconds, self.lines) = (bytes, sha256, seconds, lines)
    }

    /// Reads a record; nil if the file is none.
    ///
    /// - Throws: `FileError` if there is no file that can be read, or a larger one than a record is.
    init?(contentsOf path: String) throws {
        let bytes = try ReadableFile.contents(of: path, limit: .partRecord)
        guard let json = try? JSON(parsing: bytes), let record = try? PartRecord(json, path: path) else { return nil }
        self = record
    }

    private init(_ json: JSON, path: String) throws(PlanError) {
        let fields = try PlanFields(
            json, ["schema", "plan", "part", "version", "processor", "bytes", "sha256", "seconds", "lines"], path: path)
        guard try fields.text("schema") == Self.currentSchema else {
            throw fields.error(Self.currentSchema, at: "schema")
        }
        self.init(
            plan: try fields.digest("plan"), part: try fields.count("part", from: 1),
            version: try fields.text("version"), processor: try fields.optionalText("processor"),
            bytes: try fields.count("bytes"), sha256: try fields.digest("sha256"),
            seconds: try fields.amount("seconds"), lines: try fields.texts("lines"))
    }

    /// Writes the record.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        var file = try AtomicFile(path: path)
        try file.append(Array(try encoder.encode(self)) + [0x0a])
        try file.commit()
    }
}
