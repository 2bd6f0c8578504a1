import Foundation
import Testing
@testable import Reporting

/// JSON that a terminal may show has the same value as before.
@Suite struct JSONTextTests {
    @Test(arguments: ControlCharactersTests.controls.map(\.text) + ControlCharactersTests.harmless + ["𝅘\u{1D173}\n"])
    func valueStays(text: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .prettyPrinted
        let escaped = JSONText.escaping(Array(try encoder.encode([text: [text]])))
        let value = try JSONDecoder().decode([String: [String]].self, from: Data(escaped))
        #expect(value.keys.first?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
        #expect(value.values.first?[0].unicodeScalars.elementsEqual(text.unicodeScalars) == true)
        let shown = String(decoding: escaped, as: UTF8.self).unicodeScalars
        #expect(!shown.contains { $0.isShownEscaped && $0 != "\n" })
    }

    @Test func formIsThatOfJSON() {
        let json = Array("{\n  \"\u{9B}\" : \"\u{7F}模\u{202E}\u{E0041}\"\n}".utf8)
        #expect(
            String(decoding: JSONText.escaping(json), as: UTF8.self)
                == "{\n  \"\\u009b\" : \"\\u007f模\\u202e\\udb40\\udc41\"\n}")
    }
}
