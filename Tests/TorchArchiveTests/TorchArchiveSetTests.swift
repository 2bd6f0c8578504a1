import Foundation
import Shards
import TestSupport
import Testing
import TorchArchive

@Suite struct TorchArchiveSetTests {
    private static func shard(_ names: String...) -> [UInt8] {
        var pickle: [UInt8] = [0x80, 2, 0x7d, 0x28]
        for name in names { pickle += Pickle.text(name) + Pickle.tensor() }
        pickle += [0x75, 0x2e]
        return ArchiveBytes(pickle: pickle).bytes
    }

    private static func index(_ map: [(String, String)]) -> String {
        let members = map.map { #""\#($0)":"\#($1)""# }
        return #"{"metadata":{"total_size":1},"weight_map":{\#(members.joined(separator: ","))}}"#
    }

    /// Opens a directory with these files.
    private func open(
        _ files: [String: [UInt8]], index: String? = nil, named name: String = "pytorch_model.bin.index.json"
    ) throws -> TorchArchiveSet {
        try Fixtures.withTemporaryDirectory { directory in
            for (name, bytes) in files { try bytes.write(to: "\(directory)/\(name)") }
            if let index { try Array(index.utf8).write(to: "\(directory)/\(name)") }
            return try TorchArchiveSet(directory: directory)
        }
    }

    private func kind(_ files: [String: [UInt8]], index: String? = nil) -> ShardError.Kind? {
        #expect(throws: ShardError.self) { try open(files, index: index) }?.kind
    }

    @Test func opensShardsOfPyTorch() throws {
        let set = try TorchArchiveSet(directory: Fixtures.path("golden/torch/bf16-torch"))
        #expect(set.files.count == 2)
        let embedding = try #require(set.entry(named: "model.embed_tokens.weight"))
        #expect(embedding.type == .bfloat16)
        #expect(set.path(of: embedding).hasSuffix("/pytorch_model-00001-of-00002.bin"))
        var bytes = [UInt8](repeating: 0, count: 16)
        try bytes.withUnsafeMutableBytes { try set.read(embedding, byteRange: 0..<16, into: $0) }
        #expect(bytes.contains { $0 != 0 })
        #expect(set.entry(named: "missing") == nil)
    }

    @Test func opensASingleFile() throws {
        let set = try open(["pytorch_model.bin": Self.shard("a", "b"), "logits.bin": Self.shard("a")])
        #expect(set.tensors.map(\.name) == ["a", "b"])
    }

    @Test func opensAnIndexOfAnotherName() throws {
        let index = Self.index([("a", "x-1.bin"), ("b", "x-2.bin")])
        let set = try open(
            ["x-1.bin": Self.shard("a"), "x-2.bin": Self.shard("b")], index: index,
            named: "other.bin.index.json")
        #expect(set.tensors.map(\.fileIndex) == [0, 1])
    }

    @Test func listsTensorsThatTheIndexLeavesOut() throws {
        let set = try open(["x.bin": Self.shard("a", "b")], index: Self.index([("a", "x.bin")]))
        #expect(set.tensors.map(\.name) == ["a", "b"])
    }

    @Test func followsSymbolicLinks() throws {
        try Fixtures.withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: "\(directory)/snapshot", withIntermediateDirectories: false)
            try Self.shard("a").write(to: "\(directory)/blob")
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory)/snapshot/x.bin", withDestinationPath: "../blob")
            try Array(Self.index([("a", "x.bin")]).utf8).write(
                to: "\(directory)/snapshot/pytorch_model.bin.index.json")
            #expect(try TorchArchiveSet(directory: "\(directory)/snapshot").tensors.map(\.name) == ["a"])
        }
    }

    @Test(arguments: ["../x.bin", "/etc/passwd", "sub/x.bin", "..", ".", "", "a\\u0000b"])
    func refusesShardNamesThatLeaveTheDirectory(name: String) {
        guard case .shardNameLeavesDirectory = kind([:], index: Self.index([("a", name)])) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func namesMissingShardsAndWhatTheyHold() {
        let index = Self.index([("a", "1.bin"), ("b", "2.bin"), ("c", "2.bin")])
        let error = #expect(throws: ShardError.self) {
            try open(["1.bin": Self.shard("a")], index: index)
        }
        guard case .shardsMissing(let shards) = error?.kind else {
            Issue.record("accepted")
            return
        }
        #expect(shards.map(\.name) == ["2.bin"])
        #expect(shards.map(\.tensorNames) == [["b", "c"]])
        #expect(error?.diagnostic.problem.contains("b, c") == true)
    }

    @Test func refusesAnIndexThatDoesNotMatch() {
        let index = Self.index([("a", "1.bin"), ("b", "2.bin")])
        #expect(
            kind(["1.bin": Self.shard("a", "b"), "2.bin": Self.shard("c")], index: index)
                == .notInShard("2.bin"))
        #expect(
            kind(["1.bin": Self.shard("a"), "2.bin": Self.shard("c")], index: index)
                == .notInShard("2.bin"))
        guard
            case .inTwoShards(let first, let second) = kind(
                ["1.bin": Self.shard("a"), "2.bin": Self.shard("b", "a")], index: index)
        else {
            Issue.record("accepted")
            return
        }
        #expect(first.hasSuffix("/1.bin") && second.hasSuffix("/2.bin"))
    }

    @Test(arguments: [#"{}"#, #"{"weight_map":{}}"#, #"{"weight_map":[]}"#, #"{"weight_map":{"a":1}}"#, "3"])
    func refusesBrokenIndices(text: String) {
        #expect(kind([:], index: text) == .invalidIndex)
    }

    @Test func refusesDirectoriesWithoutWeights() {
        #expect(kind(["model.safetensors": []]) == .noWeights)
        let error = #expect(throws: ShardError.self) { try TorchArchiveSet(directory: "/nonexistent") }
        #expect(error?.kind == .unreadableDirectory)
        #expect(
            kind(["a.bin.index.json": [], "b.bin.index.json": []])
                == .severalIndices(["a.bin.index.json", "b.bin.index.json"]))
    }

    @Test func refusesATruncatedShard() {
        let error = #expect(throws: TorchArchiveError.self) {
            try open(["1.bin": Self.shard("a").dropLast()], index: Self.index([("a", "1.bin")]))
        }
        #expect(error?.kind == .endMissing)
    }
}
