import Testing
import Tokenizers

@Suite struct StopStringTests {
    /// - Parameter pieces: divided by "|".
    @Test(
        arguments: [
            (["stop"], "a st|op b|c", "a |", "stop"),
            (["stop"], "a st|ep", "a |step", nil),
            (["stop"], "stst|op", "st", "stop"),
            (["aab"], "aa|aab", "|aa", "aab"),
            (["aab"], "aaa|a|b", "a|a|", "aab"),
            (["x", "stop"], "ast|ox", "a|sto", "x"),
            (["abcd", "c"], "ab|c|d", "|ab", "c"),
            (["\n\nHuman:"], "yes.\n|\nHu|man|: so", "yes.|||", "\n\nHuman:"),
            (["é"], "caf|é", "caf|", "é"),
            ([], "a|b", "a|b", nil),
            (["end"], "the en", "the |en", nil),
        ] as [([String], String, String, String?)])
    func endsBeforeTheFirst(strings: [String], pieces: String, expected: String, found: String?) {
        var stops = StopStrings(strings)
        var given: [String] = []
        for piece in pieces.split(separator: "|", omittingEmptySubsequences: false) {
            given.append(String(decoding: stops.append(Array(piece.utf8)), as: UTF8.self))
        }
        let rest = String(decoding: stops.finish(), as: UTF8.self)
        #expect(stops.found == found)
        #expect(found == nil || rest.isEmpty)
        #expect((given.joined() + rest) == expected.replacing("|", with: ""))
        // What comes is given out as soon as it can be.
        let early = expected.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        #expect(zip(given, early).prefix(early.count - 1).allSatisfy { $0 == $1 }, "\(given)")
    }

    /// A byte of a character may come alone.
    @Test func bytesOfACharacter() {
        var stops = StopStrings(["。"])
        let bytes = Array("好。".utf8)
        #expect(bytes.flatMap { stops.append([$0]) } == Array("好".utf8))
        #expect(stops.found == "。")
    }
}
