import Files
import Foundation
import SafetensorsIO
import TestSupport
import Testing

@Suite struct SafetensorsWritingTests {
    /// What the format's own library has written, tensor by tensor in its order, becomes the same bytes.
    @Test(arguments: [
        "xverse-moe-tiny/model-00001-of-00003.safetensors", "xverse-ent-tiny/model.safetensors",
        "xverse-moe-tiny/logits.safetensors",
    ])
    func writesTheBytesOfTheFormatsOwnLibrary(name: String) throws {
        let path = Fixtures.path("models/\(name)")
        let original = try SafetensorsFile(path: path)
        try Fixtures.withTemporaryDirectory { directory in
            let copy = "\(directory)/copy.safetensors"
            var writer = try SafetensorsWriter(
                path: copy, metadata: original.metadata, tensors: original.tensors.map(entry))
            for tensor in original.tensors {
                let bytes = try #require(original.tensor(named: tensor.name)).bytes()
                // In two pieces.
                try bytes[..<(bytes.count / 3)].withUnsafeBytes { try writer.append($0) }
                try bytes[(bytes.count / 3)...].withUnsafeBytes { try writer.append($0) }
                try writer.endTensor()
            }
            #expect(!FileManager.default.fileExists(atPath: copy))
            try writer.finish()
            #expect(try ReadableFile.contents(of: copy) == ReadableFile.contents(of: path))
        }
    }

    private func entry(_ tensor: SafetensorsFile.Tensor) throws -> SafetensorsEntry {
        try #require(SafetensorsEntry(name: tensor.name, type: tensor.type, shape: tensor.shape))
    }

    private static func entries(_ sizes: [Int]) -> [SafetensorsEntry] {
        sizes.enumerated().map { SafetensorsEntry(name: "t\($0)", type: .u8, shape: [$1])! }
    }

    @Test(arguments: [
        ([3, 3, 3], 100, [3], ["model.safetensors"]),
        ([3, 3, 3], 6, [2, 1], ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]),
        ([9, 1], 4, [1, 1], ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]),
        ([0, 0], 0, [2], ["model.safetensors"]), ([], 5, [0], ["model.safetensors"]),
    ])
    func cutsBySize(sizes: [Int], limit: Int, counts: [Int], names: [String]) throws {
        let shards = try #require(SafetensorsShards(Self.entries(sizes), byteCountLimit: limit))
        #expect(shards.cuts.map(\.count) == counts && shards.names == names)
        #expect((shards.indexName == nil) == (counts.count == 1))
    }

    /// A set is read back as it was written, with the index that HuggingFace's libraries read.
    @Test func writesASetWithItsIndex() throws {
        let entries = Self.entries([5, 4, 7])
        let shards = try #require(SafetensorsShards(entries, byteCountLimit: 9))
        try Fixtures.withTemporaryDirectory { directory in
            var writer = try SafetensorsShardWriter(directory: directory, shards: shards)
            for (number, entry) in entries.enumerated() {
                if number == 2 {
                    // The first file is there, the index is not: no reader takes the folder for a checkpoint.
                    #expect(writer.finishedCount == 1)
                    #expect(throws: ShardError.self) { try SafetensorsSet(directory: directory) }
                }
                try [UInt8](repeating: UInt8(number), count: entry.byteCount).withUnsafeBytes { try writer.append($0) }
                try writer.endTensor()
            }
            try writer.finish()
            let set = try SafetensorsSet(directory: directory)
            #expect(set.files.count == 2 && !set.areFoundByName && set.tensors.map(\.name) == ["t0", "t1", "t2"])
            let index = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: "\(directory)/model.safetensors.index.json")))
            let object = try #require(index as? [String: [String: Any]])
            #expect(object["metadata"]?["total_size"] as? Int == 16)
            #expect(
                object["weight_map"] as? [String: String] == [
                    "t0": "model-00001-of-00002.safetensors", "t1": "model-00001-of-00002.safetensors",
                    "t2": "model-00002-of-00002.safetensors",
                ])
        }
    }

    /// A set is gone on with behind the files that are there.
    @Test func goesOnBehindFinishedFiles() throws {
        let shards = try #require(SafetensorsShards(Self.entries([2, 2]), byteCountLimit: 2))
        try Fixtures.withTemporaryDirectory { directory in
            func write(_ range: Range<Int>, finishedCount: Int) throws {
                var writer = try SafetensorsShardWriter(
                    directory: directory, shards: shards, finishedCount: finishedCount)
                for number in range {
                    try [UInt8(number), 7].withUnsafeBytes { try writer.append($0) }
                    try writer.endTensor()
                }
                if range.upperBound == 2 { try writer.finish() }
            }
            try write(0..<1, finishedCount: 0)
            try write(1..<2, finishedCount: 1)
            let set = try SafetensorsSet(directory: directory)
            #expect(set.files.count == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 3)
        }
    }

    /// What a caller may do wrong.
    @Test func refusesOtherDataThanAnnounced() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/a.safetensors"
            func kind(_ body: (inout SafetensorsWriter) throws -> Void) throws -> SafetensorsError.Kind? {
                var writer = try SafetensorsWriter(path: path, tensors: Self.entries([2, 0]))
                do {
                    try body(&writer)
                    return nil
                } catch let error as SafetensorsError {
                    return error.kind
                }
            }
            #expect(
                try kind { writer in try [1, 2, 3].withUnsafeBytes { try writer.append($0) } }
                    == .wrongByteCount(found: 24, expected: 2))
            #expect(try kind { try $0.endTensor() } == .wrongByteCount(found: 0, expected: 2))
            #expect(try kind { try $0.finish() } == .tensorsMissing(written: 0, expected: 2))
            let afterAll = try kind { writer in
                try [UInt8(1), 2].withUnsafeBytes { try writer.append($0) }
                try writer.endTensor()
                try writer.endTensor()
                try writer.endTensor()
            }
            #expect(afterAll == .noTensorLeft)
            let twice = Self.entries([1]) + Self.entries([1])
            #expect(throws: SafetensorsError.self) { _ = try SafetensorsWriter(path: path, tensors: twice).path }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
            #expect(SafetensorsEntry(name: "a", type: .f4, shape: [3]) == nil)
            #expect(SafetensorsEntry(name: "a", type: .f32, shape: [-1]) == nil)
            #expect(SafetensorsEntry(name: "a", type: .f32, shape: [1 << 40, 1 << 40]) == nil)
        }
    }
}
