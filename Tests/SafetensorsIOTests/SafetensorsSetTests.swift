import Foundation
import SafetensorsIO
import Shards
import TestSupport
import Testing

@Suite struct SafetensorsSetTests {
    private static func shard(_ names: String...) -> [UInt8] {
        let members = names.enumerated().map {
            #""\#($1)":{"dtype":"F32","shape":[1],"data_offsets":[\#(4 * $0),\#(4 * $0 + 4)]}"#
        }
        return .safetensors("{\(members.joined(separator: ","))}", data: 4 * names.count)
    }

    private static func index(_ map: [(String, String)]) -> String {
        let members = map.map { #""\#($0)":"\#($1)""# }
        return #"{"metadata":{"total_size":1},"weight_map":{\#(members.joined(separator: ","))}}"#
    }

    /// Opens a directory with these files.
    private func open(
        _ files: [String: [UInt8]], index: String? = nil, named name: String = "model.safetensors.index.json"
    ) throws -> SafetensorsSet {
        try Fixtures.withTemporaryDirectory { directory in
            for (name, bytes) in files { try bytes.write(to: "\(directory)/\(name)") }
            if let index { try Array(index.utf8).write(to: "\(directory)/\(name)") }
            return try SafetensorsSet(directory: directory)
        }
    }

    private func kind(_ files: [String: [UInt8]], index: String? = nil) -> ShardError.Kind? {
        #expect(throws: ShardError.self) { try open(files, index: index) }?.kind
    }

    @Test func opensTheBundledCheckpoint() throws {
        let set = try SafetensorsSet(directory: Fixtures.path("models/xverse-moe-tiny"))
        #expect(set.files.count == 3)
        let total = set.tensors.reduce(0) { $0 + $1.byteCount }
        #expect(total == 31_101_440)
        let embedding = try #require(set.entry(named: "model.embed_tokens.weight"))
        #expect(embedding.type == .bf16)
        #expect(set.path(of: embedding).hasSuffix("/model-00001-of-00003.safetensors"))
        var bytes = [UInt8](repeating: 0, count: 16)
        try bytes.withUnsafeMutableBytes { try set.read(embedding, byteRange: 0..<16, into: $0) }
        #expect(bytes.contains { $0 != 0 })
        #expect(set.entry(named: "missing") == nil)
    }

    @Test func opensASingleFile() throws {
        let set = try open(["model.safetensors": Self.shard("a", "b"), "logits.safetensors": Self.shard("a")])
        #expect(set.tensors.map(\.name) == ["a", "b"])
    }

    @Test func opensAnIndexOfAnotherName() throws {
        let index = Self.index([("a", "x-1.safetensors"), ("b", "x-2.safetensors")])
        let set = try open(
            ["x-1.safetensors": Self.shard("a"), "x-2.safetensors": Self.shard("b")], index: index,
            named: "other.safetensors.index.json")
        #expect(set.tensors.map(\.fileIndex) == [0, 1])
    }

    @Test func listsTensorsThatTheIndexLeavesOut() throws {
        let set = try open(["x.safetensors": Self.shard("a", "b")], index: Self.index([("a", "x.safetensors")]))
        #expect(set.tensors.map(\.name) == ["a", "b"])
    }

    @Test func followsSymbolicLinks() throws {
        try Fixtures.withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: "\(directory)/snapshot", withIntermediateDirectories: false)
            try Self.shard("a").write(to: "\(directory)/blob")
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory)/snapshot/x.safetensors", withDestinationPath: "../blob")
            try Array(Self.index([("a", "x.safetensors")]).utf8).write(
                to: "\(directory)/snapshot/model.safetensors.index.json")
            #expect(try SafetensorsSet(directory: "\(directory)/snapshot").tensors.map(\.name) == ["a"])
        }
    }

    @Test(arguments: ["../x.safetensors", "/etc/passwd", "sub/x.safetensors", "..", ".", "", "a\\u0000b"])
    func refusesShardNamesThatLeaveTheDirectory(name: String) {
        guard case .shardNameLeavesDirectory = kind([:], index: Self.index([("a", name)])) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func namesMissingShardsAndWhatTheyHold() {
        let index = Self.index([("a", "1.safetensors"), ("b", "2.safetensors"), ("c", "2.safetensors")])
        let error = #expect(throws: ShardError.self) {
            try open(["1.safetensors": Self.shard("a")], index: index)
        }
        guard case .shardsMissing(let shards) = error?.kind else {
            Issue.record("accepted")
            return
        }
        #expect(shards.map(\.name) == ["2.safetensors"])
        #expect(shards.map(\.tensorNames) == [["b", "c"]])
        #expect(error?.diagnostic.problem.contains("b, c") == true)
    }

    @Test func refusesAnIndexThatDoesNotMatch() {
        let index = Self.index([("a", "1.safetensors"), ("b", "2.safetensors")])
        #expect(
            kind(["1.safetensors": Self.shard("a", "b"), "2.safetensors": Self.shard("c")], index: index)
                == .notInShard("2.safetensors"))
        #expect(
            kind(["1.safetensors": Self.shard("a"), "2.safetensors": Self.shard("c")], index: index)
                == .notInShard("2.safetensors"))
        guard
            case .inTwoShards(let first, let second) = kind(
                ["1.safetensors": Self.shard("a"), "2.safetensors": Self.shard("b", "a")], index: index)
        else {
            Issue.record("accepted")
            return
        }
        #expect(first.hasSuffix("/1.safetensors") && second.hasSuffix("/2.safetensors"))
    }

    @Test(arguments: [#"{}"#, #"{"weight_map":{}}"#, #"{"weight_map":[]}"#, #"{"weight_map":{"a":1}}"#, "3"])
    func refusesBrokenIndices(text: String) {
        #expect(kind([:], index: text) == .invalidIndex)
    }

    @Test func refusesDirectoriesWithoutWeights() {
        #expect(kind(["pytorch_model.bin": []]) == .noWeights)
        let error = #expect(throws: ShardError.self) { try SafetensorsSet(directory: "/nonexistent") }
        #expect(error?.kind == .unreadableDirectory)
        #expect(
            kind(["a.safetensors.index.json": [], "b.safetensors.index.json": []])
                == .severalIndices(["a.safetensors.index.json", "b.safetensors.index.json"]))
    }

    @Test func refusesATruncatedShard() {
        let shard = Self.shard("a")
        let error = #expect(throws: SafetensorsError.self) {
            try open(["1.safetensors": shard.dropLast()], index: Self.index([("a", "1.safetensors")]))
        }
        #expect(
            error?.kind == .truncated(expectedByteCount: shard.count, foundByteCount: shard.count - 1))
    }
}
