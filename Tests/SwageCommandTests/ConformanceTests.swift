import Foundation
import TestSupport
import Testing

/// The page of conformance cases is what the cases say, and every case is held by a test.
@Suite struct ConformanceTests {
    private static let page = Fixtures.root.appending(path: "Docs/Conformance.md")

    @Test func thePageIsMadeFromTheCases() throws {
        let text = ConformancePage.markdown(of: try Conformance.areas())
        if ProcessInfo.processInfo.environment["SWAGE_WRITE_DOCS"] == "1" {
            try Data(text.utf8).write(to: Self.page)
        }
        #expect(
            try String(contentsOf: Self.page, encoding: .utf8) == text,
            "make it anew: SWAGE_WRITE_DOCS=1 with the tests, see CONTRIBUTING.md")
    }

    @Test func noNameIsGivenTwice() throws {
        for area in try Conformance.areas() {
            #expect(Set(area.rows.map(\.id)).count == area.rows.count, "\(area.name)")
        }
    }

    @Test func everyCaseIsNamedByATest() throws {
        let sources = try Self.sources()
        for area in try Conformance.areas() {
            for row in area.rows {
                let name = "\"\(area.name)/\(row.id)\""
                #expect(sources.contains { $0.contains(name) }, "no test names \(name)")
            }
        }
    }

    @Test func everyNamedCaseIsThere() throws {
        let known = Set(try Conformance.areas().flatMap { area in area.rows.map { "\(area.name)/\($0.id)" } })
        for source in try Self.sources() {
            for match in source.matches(of: /Conformance\.row\(\s*"([^"\\]+)"/) {
                #expect(known.contains(String(match.1)), "a test names \(match.1), which is no case")
            }
        }
    }

    /// The text of every Swift file of the tests.
    private static func sources() throws -> [String] {
        let tests = Fixtures.root.appending(path: "Tests")
        let names = try FileManager.default.subpathsOfDirectory(atPath: tests.path).filter { $0.hasSuffix(".swift") }
        return try names.map { try String(contentsOf: tests.appending(path: $0), encoding: .utf8) }
    }
}

/// `Docs/Conformance.md`: a heading and a table for each area.
private enum ConformancePage {
    private static let introduction = """
        # Conformance

        Models come from strangers, and so do the files around them. This page lists what people bring, which implementation
        decides what is right, and what Swage does with it. Every line is held by a test that names it, so that nothing here
        is a promise without a check.

        The page is made from `Fixtures/conformance/`; [CONTRIBUTING.md](../CONTRIBUTING.md) says how.

        """

    static func markdown(of areas: [(name: String, rows: [Conformance.Row])]) -> String {
        areas.reduce(introduction) { page, area in
            let rows = area.rows.map { row in
                "| \([row.id, row.input, row.reference, row.swage].map(cell).joined(separator: " | ")) |\n"
            }
            return page + "\n## \(title(area.name))\n\n| case | what comes | what decides | what Swage does |\n"
                + "|---|---|---|---|\n" + rows.joined()
        }
    }

    private static func title(_ name: String) -> String {
        name.prefix(1).uppercased() + name.dropFirst().replacing("-", with: ", ")
    }

    /// A line of text that no table is broken by.
    private static func cell(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("\n", with: " ")
    }
}
