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

    private struct Pieces: Decodable {
        struct Piece: Decodable {
            let id: Int
            let piece: String
        }

        let ids: [Int]
        let pieces: [Piece]
    }

    /// Pieces put together are the text; parts of a character are bytes.
    @Test func piecesAndBeginning() async throws {
        let text = ["--text", "Hello, 世"]
        let plain = try await Swage.run(["tokenize", Products.checkpoint] + text)
        let told = try await Swage.run(["tokenize", Products.checkpoint, "--pieces", "--bos"] + text)
        #expect(plain.output == "300 3859 272 360 377\n")
        #expect(
            told.output == """
                     1 '<|startoftext|>'
                   300 'H'
                  3859 'ello'
                   272 ','
                   360 ' '
                   377 '世'

                """, "\(told.output)")
        let parsed = try await Swage.run(["tokenize", Products.checkpoint, "--pieces", "--json"] + text).json(
            Pieces.self)
        #expect(parsed.pieces.map(\.id) == parsed.ids)
        #expect(parsed.pieces.map(\.piece).joined() == "Hello, 世")
        let piped = try await Swage.run(["tokenize", Products.checkpoint, "--file", "-"], standardInput: "Hello, 世")
        #expect(piped.output == plain.output)
        // A character of three tokens.
        let bytes = try await Swage.run("tokenize", Products.checkpoint, "--text", "界", "--pieces")
        #expect(bytes.output.contains("'<0x"), "\(bytes.output)")
        let escaped = try await Swage.run("tokenize", Products.checkpoint, "--text", "\u{1B}[31m", "--pieces")
        #expect(escaped.status == 0 && !escaped.output.contains("\u{1B}"), "\(escaped.output)")
    }

    /// A tokenizer of the Llama class without `legacy`: the ids are those of HuggingFace's tokenizers.
    @Test func spacesThatAFileCannotHoldAreAWarning() async throws {
        try Conformance.row("tokenizers/spaces-not-in-gguf")
        let workspace = try Workspace()
        let original = Fixtures.path("models/apus-xdan-tiny")
        var json = try String(contentsOfFile: original + "/tokenizer.json", encoding: .utf8)
        let start = try #require(json.range(of: "\"normalizer\":")?.lowerBound)
        let end = try #require(json.range(of: "\"post_processor\":")?.lowerBound)
        json.replaceSubrange(
            start..<end,
            with: #""normalizer": null, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "#
                + #""prepend_scheme": "first", "split": false}, "#)
        for file in ["config.json", "tokenizer.model", "tokenizer_config.json"] {
            _ = try workspace.write("checkpoint/" + file, Data(contentsOf: URL(filePath: "\(original)/\(file)")))
        }
        _ = try workspace.write("checkpoint/tokenizer.json", json.utf8)
        let (checkpoint, file) = (workspace.file("checkpoint"), workspace.file("model.gguf"))
        let outcome = try await Swage.run("convert", checkpoint, "--vocab-only", "-o", file)
        #expect(outcome.status == 0)
        #expect(outcome.error.contains("warning: pre_tokenizer: tokenizer.json puts a space"), "\(outcome.error)")
        for (text, ids, stored) in [("Hello world", "2309 1967\n", "2309 1967\n"), ("<s>a", "1 2951\n", "1 261\n")] {
            let arguments = ["--text", text, "--parse-special"]
            #expect(try await Swage.run(["tokenize", checkpoint] + arguments).output == ids)
            #expect(try await Swage.run(["tokenize", file] + arguments).output == stored)
        }
    }

    @Test(arguments: [
        (["--decode", "4096"], "there is no token 4096"), (["--decode=-1"], "there is no token -1"),
        (["--decode", "one"], "one is not a token id"), ([], "give one of --text, --file and --decode"),
        (["--decode", "1", "--bos"], "--bos belongs to a text"),
        (["--text", "a", "--decode", "1"], "give one of --text, --file and --decode"),
    ])
    func refusals(arguments: [String], message: String) async throws {
        let outcome = try await Swage.run(["tokenize", Products.checkpoint] + arguments)
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains(message))
    }
}
