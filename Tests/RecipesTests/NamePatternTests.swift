import Files
import Foundation
import Recipes
import TestSupport
import Testing

@Suite struct NamePatternTests {
    /// What the C++ library says; `Tests/Generators/name_patterns.py` asked it.
    private struct Golden: Decodable {
        let names: [String]
        /// A digit for each name: whether it is found.
        let patterns: [String: String]
    }

    @Test func namesAreFoundAsByLlamaQuantize() throws {
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(ReadableFile.contents(of: Fixtures.path("golden/name_patterns.json"))))
        #expect(golden.patterns.count > 250)
        for (text, expected) in golden.patterns {
            let pattern = try NamePattern(text)
            let found = golden.names.map { pattern.finds($0) ? "1" : "0" }.joined()
            #expect(found == expected, "\(text)")
        }
    }

    @Test(arguments: [
        ("a(b", "without"), ("a)b", "without"), ("[a", "without"), ("*a", "nothing to repeat"),
        ("^*", "nothing to repeat"),
        ("a{2,1}", "no range"), ("a{,2}", "a number"), ("a{", "a number"), ("a{99999999999999999999}", "a number"),
        ("a{2", "without"), (#"a\"#, "at the end"), (#"(a)\1"#, "back references"), (#"\x41"#, "by their number"),
        ("(?<name>a)", "no group"), ("(?<=a)b", "no group"), ("[b-a]", "ends before"), ("[[:what:]]", "not known"),
        (#"\S+"#, #"would read "\S" as "\s""#), (#"[\D]"#, "small"),
    ])
    func malformedPatterns(text: String, reason: String) throws {
        let error = try #require(throws: RecipeError.self) { try NamePattern(text) }
        #expect(error.diagnostic.problem.contains(reason), "\(error)")
    }

    @Test(arguments: [
        String(repeating: "(", count: 4000), String(repeating: "(?=", count: 1000),
        String(repeating: "a*", count: 3000),
        "a" + String(repeating: "*", count: 4095), "((((a{99}){99}){99}){99}){99}",
        "(((((){4096}){4096}){4096}){4096}){4096}",
        String(repeating: "a", count: 5000),
    ])
    func patternsThatAskForTooMuch(text: String) { #expect(throws: RecipeError.self) { try NamePattern(text) } }

    /// Each would keep a backtracking matcher busy for ever.
    @Test(arguments: [
        "(a+)+$", "^(a*)*$", "(a|aa)+$", "(?=(a+)+$)b", "((?=a*a*a*a*b)a)*c", "(.*.*.*)*c",
        "((((a*)*)+)?)*b",
    ])
    func patternsThatTryEveryWay(text: String) throws {
        let pattern = try NamePattern(text)
        #expect(!pattern.finds(String(repeating: "a", count: 200) + "!"))
    }

    @Test func patternsAreEqualByTheirText() throws {
        #expect(try NamePattern("a") == NamePattern("a"))
        #expect(try NamePattern("a") != NamePattern("A"))
        #expect(try NamePattern("a.b").description == "a.b")
    }
}
