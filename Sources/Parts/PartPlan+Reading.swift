import ByteJSON
import Files
import Journals

extension PartPlan {
    private static let names = ["schema", "version", "job", "directory", "identity", "unit", "parts"]

    /// Reads a plan, strictly.
    ///
    /// - Throws: ``PlanError`` with the place of what is not as it has to be, `JSONError` or `FileError`.
    package init(contentsOf path: String) throws {
        let bytes = try ReadableFile.contents(of: path, limit: .plan)
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw JSONError(kind: error.kind, offset: error.offset, file: path)
        }
        try self.init(PlanFields(json, Self.names, path: path), path: path)
    }

    private init(_ fields: PlanFields, path: String) throws(PlanError) {
        guard try fields.text("schema") == Self.schema else { throw fields.error(Self.schema, at: "schema") }
        var identity = RunIdentity()
        for (name, value) in try fields.list(
            "identity",
            { value, place throws(PlanError) -> (String, String) in
                let fields = try PlanFields(value, ["name", "value"], path: path, place: place)
                return (try fields.text("name"), try fields.text("value"))
            })
        {
            identity.add(name, value)
        }
        guard let unit = PartUnit(rawValue: try fields.text("unit")) else {
            throw fields.error("one of \(PartUnit.allCases.map(\.rawValue).joined(separator: ", "))", at: "unit")
        }
        let job = try fields.texts("job")
        guard !job.isEmpty else { throw fields.error("the words of a command line", at: "job") }
        let directory = try fields.text("directory")
        guard !directory.isEmpty, !directory.hasPrefix("/") else {
            throw fields.error("a path from the plan's folder", at: "directory")
        }
        var end = 0
        let parts = try fields.list("parts") { value, place throws(PlanError) -> PlannedPart in
            let part = try PlanFields(value, ["first", "count", "content", "cost"], path: path, place: place)
            let (first, count) = (try part.count("first"), try part.count("count", from: 1))
            guard first == end else { throw part.error("\(end), where the part before it ends", at: "first") }
            let (next, overflow) = first.addingReportingOverflow(count)
            guard !overflow else { throw part.error("a smaller number", at: "count") }
            end = next
            return PlannedPart(range: first..<next, content: try part.text("content"), cost: try part.amount("cost"))
        }
        guard (1...Self.countLimit).contains(parts.count) else {
            throw fields.error("1 to \(Self.countLimit) parts", at: "parts")
        }
        self.init(
            version: try fields.text("version"), job: job, directory: directory, identity: identity, unit: unit,
            parts: parts)
    }

    /// The part of a number, counted from 1.
    ///
    /// - Parameter path: The plan's file, which the error names.
    /// - Throws: ``PlanError`` if there is none.
    package func part(_ number: Int, path: String) throws(PlanError) -> PlannedPart {
        guard (1...parts.count).contains(number) else {
            throw PlanError(.noSuchPart(number, count: parts.count), path: path)
        }
        return parts[number - 1]
    }

    /// Fails if another version made the plan, or if what decides the result is not what the plan says.
    ///
    /// - Parameters:
    ///   - identity: What was found; nil if that is not known yet.
    ///   - version: The version that runs.
    ///   - path: The plan's file, which the error names.
    package func check(_ identity: RunIdentity?, version: String, path: String) throws(PlanError) {
        guard version == self.version else {
            throw PlanError(.otherVersion(found: self.version, current: version), path: path)
        }
        guard let identity, let difference = identity.difference(from: self.identity.bytes) else { return }
        throw PlanError(.changed(difference.isEmpty ? ["its options"] : difference), path: path)
    }
}
