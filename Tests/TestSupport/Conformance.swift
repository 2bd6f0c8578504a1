import Foundation

/// The cases of files that strangers made: `Fixtures/conformance/AREA.json`, from which `Docs/Conformance.md` is made.
///
/// Every case is named by the test that holds it, through ``row(_:)``.
public enum Conformance {
    /// A row of the table.
    public struct Row: Codable, Sendable {
        /// Of one area's cases the name of this one.
        public let id: String
        /// What people bring.
        public let input: String
        /// What decides what is right: an implementation and what it does.
        public let reference: String
        /// What Swage does with it.
        public let swage: String
    }

    /// A name that no case has.
    public struct UnknownRow: Error {
        let name: String
    }

    /// The areas in the order of their names, each with its cases.
    public static func areas() throws -> [(name: String, rows: [Row])] {
        try FileManager.default.contentsOfDirectory(atPath: Fixtures.path("conformance")).sorted().map { file in
            (String(file.prefix { $0 != "." }), try rows(inFile: file))
        }
    }

    /// The case of that name, `area/id`: a test that holds it begins with this.
    @discardableResult
    public static func row(_ name: String) throws -> Row {
        let parts = name.split(separator: "/").map(String.init)
        guard parts.count == 2, let row = try rows(inFile: parts[0] + ".json").first(where: { $0.id == parts[1] })
        else { throw UnknownRow(name: name) }
        return row
    }

    private static func rows(inFile file: String) throws -> [Row] {
        let data = try Data(contentsOf: URL(filePath: Fixtures.path("conformance/" + file)))
        return try JSONDecoder().decode([Row].self, from: data)
    }
}
