import ByteJSON
import Files
import Foundation
import GGUF
import Models
import Parallelism
import Pipelines
import TestSupport
import Testing

/// What a file says of where the model comes from, against gguf-py; see Tests/Generators/metadata_golden.py.
@Suite struct GeneralMetadataTests {
    /// A copy of the bundled checkpoint with a name and a card of its own.
    struct Sample: Sendable, CustomTestStringConvertible {
        var directory: String
        var card: String?
        var nameOrPath: String?
        var generation: String?
        var keys: [String: GGUFValue] = [:]

        var testDescription: String { "\(directory) \(card == nil ? "" : "with a card")" }

        /// The keys under `general.` that a file of it has.
        func metadata() throws -> [String: GGUFValue] {
            try Fixtures.withTemporaryDirectory { folder in
                try Self.general(try write(in: folder))
            }
        }

        /// - Returns: the checkpoint's path.
        func write(in folder: String) throws -> String {
            let path = "\(folder)/\(directory)"
            let original = Fixtures.path("models/xverse-moe-tiny")
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            for file in try FileManager.default.contentsOfDirectory(atPath: original) {
                guard file != "generation_config.json", file != "config.json" else { continue }
                try FileManager.default.createSymbolicLink(
                    atPath: "\(path)/\(file)", withDestinationPath: "\(original)/\(file)")
            }
            var configuration = try #require(
                JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: original + "/config.json")))
                    as? [String: Any])
            configuration["_name_or_path"] = nameOrPath
            try JSONSerialization.data(withJSONObject: configuration).write(to: URL(filePath: path + "/config.json"))
            try card.map { try Data($0.utf8).write(to: URL(filePath: path + "/README.md")) }
            try generation.map { try Data($0.utf8).write(to: URL(filePath: path + "/generation_config.json")) }
            return path
        }

        static func general(_ path: String) throws -> [String: GGUFValue] {
            let model = try Model.open(path, readsWeights: false)
            let computed: Set = ["architecture", "type", "file_type", "quantization_version"].reduce(into: Set()) {
                $0.insert("general." + $1)
            }
            return Dictionary(
                uniqueKeysWithValues: try Conversion(parallel: Parallel()).metadata(of: model) { _ in }.entries
                    .map { ($0.key.description, $0.value) }
                    .filter { $0.0.hasPrefix("general.") && !computed.contains($0.0) })
        }
    }

    private static let samples = Fixtures.cases(in: "golden/metadata.json") { path in
        try #require(JSON(contentsOf: path).array).map { sample in
            Sample(
                directory: try #require(sample["directory"]?.string), card: sample["card"]?.string,
                nameOrPath: sample["nameOrPath"]?.string, generation: sample["generation"].map(Self.text),
                keys: Dictionary(
                    uniqueKeysWithValues: try #require(sample["keys"]?.object).members.map { key, value in
                        (key.description, try #require(Self.value(value)))
                    }))
        }
    }

    private static func text(of json: JSON) -> String {
        "{"
            + (json.object?.members ?? []).map { key, value in
                "\"\(key)\": \(value.bytes.map { "\"\($0)\"" } ?? value.bool.map { "\($0)" } ?? "\(value.double ?? 0)")"
            }.joined(separator: ", ") + "}"
    }

    private static func value(_ json: JSON) -> GGUFValue? {
        guard let value = json["value"] else { return nil }
        return switch json["type"]?.string {
        case "STRING": value.bytes.map(GGUFValue.string)
        case "UINT32": value.integer.map { .uint32(UInt32($0)) }
        case "INT32": value.integer.map { .int32(Int32($0)) }
        case "FLOAT32": value.double.map { .float32(Float($0)) }
        case "ARRAY": value.array.map { .array(.string($0.compactMap(\.bytes))) }
        default: nil
        }
    }

    /// Names of a hundred thousand parts, and thousands of sources, which would take minutes to be taken apart.
    @Test func namesWithoutEnd() throws {
        try Conformance.row("metadata/names-without-end")
        let name = "org/" + String(repeating: "-a1", count: 60_000)
        let card = "---\nbase_model: \(name)\n---\n"
        let one = try Sample(directory: "model", card: card, nameOrPath: name).metadata()
        #expect(one["general.base_model.0.name"]?.string == name)
        #expect(one["general.name"]?.string == name && one["general.basename"] == nil)
        let list = "---\ndatasets:\n\(String(repeating: "- a/b-1\n", count: 20_000))---\n"
        let many = try Sample(directory: "model", card: list).metadata()
        #expect(many["general.dataset.count"]?.integer == 256)
    }

    @Test(arguments: try samples.get()) func saysWhatGGUFPySays(sample: Sample) throws {
        try Conformance.row("metadata/names")
        try Conformance.row("metadata/model-card")
        try Conformance.row("metadata/sampling-defaults")
        var expected = sample.keys
        var found = try sample.metadata()
        if sample.card?.contains("model_name") != true {
            // The converter makes a title of it.
            #expect(found["general.name"] == .string(ByteString(sample.directory)))
            expected["general.name"] = found["general.name"]
        }
        // Without a size in the name the converter computes it later.
        if expected["general.size_label"] == nil {
            #expect(found["general.size_label"] == .string("16x5.2M"))
            found["general.size_label"] = nil
        }
        #expect(found == expected)
    }

    @Test func thereAreSamples() throws { #expect(try Self.samples.get().count == 37) }

    @Test func aLicenseOfTheWeightsIsCarriedBesideThatOfTheCode() throws {
        try Conformance.row("metadata/two-licenses")
        let card = "---\nlicense: apache-2.0\nlicense_name: xverse-model\nlicense_link: MODEL_LICENSE.pdf\n---\n"
        let found = try Sample(directory: "XVERSE-MoE-A4.2B", card: card).metadata()
        #expect(found["general.license"] == .string("apache-2.0"))
        #expect(found["general.license.name"] == .string("xverse-model"))
        #expect(found["general.license.link"] == .string("MODEL_LICENSE.pdf"))
    }

    @Test func aModelIsNotCalledAsTheOneThatItWasTrainedFrom() throws {
        try Conformance.row("metadata/trained-from")
        let tuned = try Sample(directory: "My-Tune", nameOrPath: "mistralai/Mistral-7B-v0.1").metadata()
        #expect(tuned["general.organization"] == nil)
        #expect(tuned["general.name"] == .string("My-Tune"))
        let same = try Sample(directory: "Mistral-7B-v0.1", nameOrPath: "mistralai/Mistral-7B-v0.1").metadata()
        #expect(same["general.organization"] == .string("Mistralai"))
        let nameless = try Sample(directory: "checkpoint-500", nameOrPath: "mistralai/Mistral-7B-v0.1").metadata()
        #expect(nameless["general.name"] == .string("Mistral-7B-v0.1"))
    }

    @Test func wordsThatYAMLTakesForOthersAreTexts() throws {
        try Conformance.row("metadata/yaml-words")
        let card =
            "\u{feff}--- \r\nlanguage:\n- no\n- zh\nversion: 1.0\nlicense: ~\ntags: no\nmodel_name: \"null\"\n---\n"
        let found = try Sample(directory: "plain", card: card).metadata()
        #expect(found["general.languages"] == .array(.string(["no", "zh"])))
        #expect(found["general.version"] == .string("1.0"))
        #expect(found["general.license"] == nil)
        #expect(found["general.tags"] == .array(.string(["no"])))
        #expect(found["general.name"] == .string("null"))
    }

    private static let bomb =
        "a: &a [x, x]\n" + (0..<30).map { "k\($0): &k\($0) [*\($0 == 0 ? "a" : "k\($0 - 1)"), *a]\n" }.joined()

    /// A card that cannot be read, and what is said about it.
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let card: String
        let words: String

        init(_ name: String, _ card: String, _ words: String) {
            (testDescription, self.card, self.words) = (name, card, words)
        }
    }

    @Test(arguments: [
        Damage("no end", "license: mit\n", "has no end"),
        Damage("an open list", "license: [mit\n---\n", "is no YAML"),
        Damage("a key twice", "a: 1\na: 2\n---\n", "is no YAML"),
        Damage("a list", "- a\n---\n", "is no list of keys"),
        Damage("two documents", "a: 1\n--- b\n---\n", "is no YAML: more than one document"),
        Damage("a reference to nothing", "a: *b\n---\n", "is no YAML: line 1, column 4: found undefined alias"),
        Damage("references without end", bomb + "---\n", "has more than 8 references"),
        Damage("lists in lists", String(repeating: "[", count: 100_000) + "\n---\n", "is no YAML"),
        Damage("too long", String(repeating: "a\n", count: 200_000) + "---\n", "has no end within"),
    ])
    func aDamagedCardIsPassedOverWithAWarning(damage: Damage) throws {
        try Conformance.row("metadata/damaged-card")
        try Fixtures.withTemporaryDirectory { folder in
            let path = try Sample(directory: "plain", card: "---\n" + damage.card).write(in: folder)
            #expect(try Sample.general(path)["general.license"] == nil)
            let messages = Messages()
            var conversion = Conversion(parallel: Parallel())
            conversion.isVocabularyOnly = true
            _ = try conversion.run(Model.open(path, readsWeights: false), output: folder + "/out.gguf") {
                if case .warning(let text) = $0 { messages.append(text.description) }
            }
            #expect(
                messages.all.contains { $0.contains("README.md: the front matter \(damage.words)") }, "\(messages.all)")
        }
    }

    @Test func aFreeTextAtTheBeginningIsNoCard() throws {
        try Conformance.row("metadata/model-card")
        let found = try Sample(directory: "plain", card: "# A model\n---\nlicense: mit\n---\n").metadata()
        #expect(found["general.license"] == nil)
    }

    @Test(arguments: [
        #"{"temperature": "hot", "top_k": 1.5, "top_p": null, "mirostat": 3000000000}"#, "[]", "{", "",
    ])
    func samplingOfOtherTypesIsPassedOver(generation: String) throws {
        try Conformance.row("metadata/sampling-of-other-types")
        try Fixtures.withTemporaryDirectory { folder in
            let path = try Sample(directory: "plain", generation: generation).write(in: folder)
            guard let found = try? Sample.general(path) else { return }
            #expect(!found.keys.contains { $0.hasPrefix("general.sampling.") })
        }
    }

    /// Where a checkpoint lies, from where it is asked for, and what it is then called.
    @Test(arguments: [
        ("models--xverse--XVERSE-MoE-A4.2B/snapshots/0123456789abcdef", "", "XVERSE-MoE-A4.2B", "Xverse"),
        ("models--gpt2/snapshots/0123456789abcdef", "/", "gpt2", nil),
        ("Some-Model", "/.", "Some-Model", nil), ("Some-Model", "//", "Some-Model", nil),
        ("Some-Model/inner", "/..//inner/", "inner", nil), ("Some-Model/a/b", "/../../a/b/.", "b", nil),
        ("XVERSE-MoE-A4___2B", "", "XVERSE-MoE-A4.2B", nil),
    ])
    func namesFromPaths(directory: String, suffix: String, name: String, organization: String?) throws {
        try Conformance.row("metadata/names-from-paths")
        try Fixtures.withTemporaryDirectory { folder in
            let path = try Sample(directory: directory).write(in: folder)
            let found = try Sample.general(path + suffix)
            #expect(found["general.name"] == .string(ByteString(name)))
            #expect(found["general.organization"] == organization.map { .string(ByteString($0)) })
            let repository = organization.map { _ in "https://huggingface.co/xverse/XVERSE-MoE-A4.2B" }
            #expect(found["general.source.repo_url"] == repository.map { .string(ByteString($0)) })
            let link = folder + "/link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
            #expect(try Sample.general(link)["general.name"] == .string(ByteString(name)))
        }
    }

    /// Collects what a run says.
    private final class Messages: @unchecked Sendable {
        private let lock = NSLock()
        private var texts: [String] = []

        func append(_ text: String) { lock.withLock { texts.append(text) } }

        var all: [String] { lock.withLock { texts } }
    }
}
