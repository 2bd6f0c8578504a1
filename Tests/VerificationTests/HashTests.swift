import Files
import Foundation
import GGUF
import TestSupport
import Testing
import Verification

/// Digests beside those of hashlib, of `Tests/Generators/verification_golden.py`, which are those of gguf-hash.
@Suite struct HashTests {
    private struct Golden: Decodable {
        let tensors: [String: String]
        let whole: String
    }

    private static let path = Fixtures.path("golden/gguf/values-v3.gguf")

    private func golden() throws -> Golden {
        try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: URL(filePath: Fixtures.path("golden/verification/hashes.json"))))
    }

    private func hash(_ name: String) throws -> ModelHash {
        try ModelHash(of: GGUFFile(path: Fixtures.path("golden/gguf/\(name)")))
    }

    /// Versions, alignments and parts are not what is hashed.
    @Test(arguments: ["values-v3.gguf", "values-v2.gguf", "values-aligned.gguf", "values-00002-of-00003.gguf"])
    func weightsInAnyContainer(_ name: String) throws {
        let (hash, golden) = (try hash(name), try golden())
        #expect(hash.sha256 == golden.whole)
        #expect(Dictionary(uniqueKeysWithValues: hash.tensors.map { ($0.name, $0.sha256) }) == golden.tensors)
        #expect(hash == (try self.hash("values-v3.gguf")))
    }

    private func check(_ text: String, path: String = HashTests.path) throws -> ManifestCheck {
        try Fixtures.withTemporaryDirectory { directory in
            let file = directory + "/manifest"
            try Data(text.utf8).write(to: URL(filePath: file))
            return try ManifestCheck(
                hash("values-v3.gguf"), path: path, against: HashManifest(contentsOf: file), manifestPath: file)
        }
    }

    @Test func aManifestOfItsOwn() throws {
        let text = HashManifest.text(of: try hash("values-v3.gguf"), path: Self.path)
        #expect(text.hasPrefix("sha256    f55ab64fe554301fbb1c735911e414f30f2e167b9a5b6c7d85e95fc361c9e6c9  "))
        #expect(try check(text).holds)
        #expect(try check(text).results.count == 6)
        // Moved and renamed.
        #expect(try check(text, path: "/elsewhere/values-v3.gguf").holds)
        #expect(try check(text, path: "/elsewhere/other.gguf").holds)
        // As a check of gguf-hash prints it, with lines of other algorithms.
        let checked = text.split(separator: "\n").map { "\($0)  -  Ok" }.joined(separator: "\n")
        #expect(try check("manifest  m  sha256\nxxh64     0123456789abcdef  a:b\n" + checked).holds)
    }

    @Test func whatDiffers() throws {
        let lines = HashManifest.text(of: try hash("values-v3.gguf"), path: "m.gguf").split(separator: "\n")
        let changed = [String(lines[0].replacing("f55ab6", with: "055ab6"))] + lines[1...].map(String.init)
        #expect(try check(changed.joined(separator: "\n")).results.first?.outcome == .different)
        let fewer = lines[1...].joined(separator: "\n")
        #expect(try check(fewer).results.first == .init(tensor: "cube.weight", outcome: .unlisted))
        let more = lines.joined(separator: "\n") + "\n" + lines[0].replacing("cube", with: "ball")
        #expect(try check(more).results.contains(.init(tensor: "ball.weight", outcome: .missing)))
        let whole = String(lines[5])
        #expect(try check(whole).results == [.init(tensor: nil, outcome: .same)])
        #expect(
            try check(whole.replacing("de6fea", with: "0e6fea")).results == [.init(tensor: nil, outcome: .different)])
    }

    @Test func manifestsThatSayNothing() throws {
        #expect(throws: HashManifestError.self) { try check("xxh64     0123456789abcdef  a:b\n") }
        let digest = String(repeating: "0", count: 64)
        #expect(throws: HashManifestError.self) { try check("sha256 \(digest) a.gguf\nsha256 \(digest) b.gguf\n") }
    }
}
