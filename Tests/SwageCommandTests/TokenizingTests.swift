import Foundation
import TestSupport
import Testing

@Suite struct TokenizingTests {
    private struct Vectors: Decodable {
        struct Vector: Decodable {
            let text: String
            let ids: [Int]
            let decoded: String
        }
        let vectors: [Vector]
    }

    private struct Encoding: Decodable { let ids: [Int] }
    private struct Decoding: Decodable { let text: String }

    /// Texts of the reference that every shell could pass, some with special tokens.
    private static func vectors() throws -> [Vectors.Vector] {
        let all = try JSONDecoder().decode(
            Vectors.self, from: Data(path: Products.checkpoint + "/tokenizer_vectors.json")
        ).vectors.filter { !$0.text.isEmpty && !$0.text.hasPrefix("-") && !$0.text.contains("\0") }
        return stride(from: 0, to: all.count, by: max(1, all.count / 12)).map { all[$0] }
    }

    @Test func bothWays() async throws {
        let file = try await Products.original.value
        for (index, vector) in try Self.vectors().enumerated() {
            let model = index.isMultiple(of: 2) ? file : Products.checkpoint
            let encoded = try await Swage.run("tokenize", model, "--text", vector.text, "--parse-special", "--json")
            #expect(encoded.status == 0)
            #expect(try encoded.json(Encoding.self).ids == vector.ids)
            let list = vector.ids.map(String.init).joined(separator: ",")
            let decoded = try await Swage.run("tokenize", model, "--decode", list, "--json")
            #expect(try decoded.json(Decoding.self).text == vector.decoded)
            let plain = try await Swage.run("tokenize", model, "--decode", "[\(list)]")
            #expect(plain.output == vector.decoded + "\n")
        }
    }

    @Test func filesAndPlainOutput() async throws {
        let workspace = try Workspace()
        let file = try workspace.write("text.txt", Array("Hello, 世界".utf8))
        let outcome = try await Swage.run("tokenize", Products.checkpoint, "--file", file)
        #expect(outcome.status == 0)
        #expect(outcome.output == "300 3859 272 360 377 234 152 143\n")
    }

    @Test(arguments: [
        (["--decode", "4096"], "there is no token 4096"), (["--decode=-1"], "there is no token -1"),
        (["--decode", "one"], "one is not a token id"), ([], "give one of --text, --file and --decode"),
        (["--text", "a", "--decode", "1"], "give one of --text, --file and --decode"),
    ])
    func refusals(arguments: [String], message: String) async throws {
        let outcome = try await Swage.run(["tokenize", Products.checkpoint] + arguments)
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains(message))
    }
}
