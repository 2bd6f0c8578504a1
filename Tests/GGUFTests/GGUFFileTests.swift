import Files
import Foundation
import GGUF
import TestSupport
import Testing

/// Files made by the Python package gguf; see Fixtures/golden/gguf/make.py.
@Suite struct GGUFFileTests {
    static let golden = ["values-v3", "values-v2", "values-aligned", "values-00002-of-00003"]

    private func open(_ name: String) throws -> GGUFFile {
        try GGUFFile(path: Fixtures.path("golden/gguf/\(name).gguf"))
    }

    private func bytes(of name: String, in file: GGUFFile) throws -> [UInt8] {
        let index = try #require(file.index(ofTensor: name))
        return try file.rows(0..<file.tensors[index].shape.rowCount, ofTensorAt: index)
    }

    @Test(arguments: golden) func readsEveryKindOfValue(name: String) throws {
        let metadata = try open(name).metadata
        #expect(metadata.string("general.architecture") == "test")
        #expect(metadata["test.uint8"] == .uint8(250))
        #expect(metadata["test.int8"] == .int8(-7))
        #expect(metadata["test.uint16"] == .uint16(65000))
        #expect(metadata["test.int16"] == .int16(-30000))
        #expect(metadata["test.uint32"] == .uint32(4_000_000_000))
        #expect(metadata["test.int32"] == .int32(-2_000_000_000))
        #expect(metadata["test.float32"] == .float32(1e-5))
        #expect(metadata["test.bool"] == .bool(true))
        #expect(metadata["test.string"] == .string(ByteString("雪 é e\u{301}")))
        #expect(metadata["test.uint64"] == .uint64(.max))
        #expect(metadata["test.int64"] == .int64(-(1 << 62)))
        #expect(metadata["test.float64"] == .float64(0.1))
        #expect(metadata["test.array.uint8"] == .array(.uint8([0, 255])))
        #expect(metadata["test.array.int8"] == .array(.int8([-128, 127])))
        #expect(metadata["test.array.uint16"] == .array(.uint16([1, 65535])))
        #expect(metadata["test.array.int16"] == .array(.int16([-32768, 3])))
        #expect(metadata["test.array.uint32"] == .array(.uint32([0, .max])))
        #expect(metadata["test.array.int32"] == .array(.int32([.min, 5])))
        #expect(metadata["test.array.float32"] == .array(.float32([0.5, -3.25])))
        #expect(metadata["test.array.bool"] == .array(.bool([true, false, true])))
        #expect(metadata["test.array.string"] == .array(.string(["", "a", "雪"])))
        #expect(metadata["test.array.uint64"] == .array(.uint64([1 << 63, 1])))
        #expect(metadata["test.array.int64"] == .array(.int64([-1, 1 << 40])))
        #expect(metadata["test.array.float64"] == .array(.float64([0.1, 1e300])))
        #expect(
            metadata.strings("tokenizer.ggml.tokens") == [
                "<unk>", ByteString([0xe9, 0x9b]), "\u{e9}", "e\u{301}",
            ])
    }

    @Test func accessorsConvertBetweenWidthsOnly() throws {
        let metadata = try open("values-v3").metadata
        #expect(metadata.integer("test.int16") == -30000)
        #expect(metadata.integer("test.uint64") == nil)
        #expect(metadata.integer("test.float32") == nil)
        #expect(metadata.integer("test.bool") == nil)
        #expect(metadata.double("test.int8") == -7)
        #expect(metadata.double("test.float64") == 0.1)
        #expect(metadata.bool("test.bool") == true)
        #expect(metadata.string("missing") == nil)
        #expect(metadata.integers("test.array.int64") == [-1, 1 << 40])
        #expect(metadata.integers("test.array.uint64") == nil)
        #expect(metadata.floats("tokenizer.ggml.scores") == [0, -1, -2, -3])
    }

    @Test(arguments: golden) func readsTensors(name: String) throws {
        let file = try open(name)
        #expect(file.tensors.map(\.name) == ["cube.weight", "half.weight", "row.bias", "blocks.weight", "numbers"])
        #expect(file.tensors.map(\.shape.dimensions) == [[5, 3, 2], [7, 3], [9], [96, 4], [3]])
        #expect(file.tensors.map(\.type) == [.f32, .f16, .f32, .q8_0, .i32])
        let cube = try bytes(of: "cube.weight", in: file).floats
        #expect(cube == (0..<30).map(Float.init))
        let half = try bytes(of: "half.weight", in: file)
        #expect(half.count == 42)
        #expect(try bytes(of: "row.bias", in: file).floats == (0..<9).map(Float.init))
        #expect(try file.rows(4..<6, ofTensorAt: 0).floats == (20..<30).map(Float.init))
        #expect(try bytes(of: "numbers", in: file) == [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 3, 0, 0, 0])
        #expect(file.index(ofTensor: "row.weight") == nil)
    }

    @Test(arguments: golden) func tensorsGiveTheirRows(name: String) throws {
        let file = try open(name)
        let cube = try #require(file.tensor(named: "cube.weight"))
        #expect(cube.descriptor == file.tensors[0])
        #expect(cube.rowCount == 6)
        #expect(try cube.rows(4..<6).floats == (20..<30).map(Float.init))
        #expect(try cube.rows(3..<3).isEmpty)
        #expect(try file.tensor(named: "numbers")?.rows(0..<1) == [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 3, 0, 0, 0])
        #expect(file.tensor(named: "cube") == nil)
    }

    @Test func placesFollowTheAlignment() throws {
        let file = try open("values-aligned")
        #expect(file.alignment == 256)
        for index in file.tensors.indices { #expect(file.location(ofTensorAt: index).fileOffset % 256 == 0) }
    }

    @Test(arguments: 1...3) func anyPartOpensTheSplit(number: Int) throws {
        let file = try open("values-0000\(number)-of-00003")
        let whole = try open("values-v3")
        #expect(file.parts.map(\.tensorIndices) == [0..<2, 2..<4, 4..<5])
        #expect(file.parts.map(\.metadata).map { $0.integer("split.no") } == [0, 1, 2])
        #expect(file.metadata == whole.metadata)
        #expect(file.tensors == whole.tensors)
        #expect(file.fileByteCount == file.parts.reduce(0) { $0 + $1.byteCount })
        for index in file.tensors.indices {
            let rows = 0..<file.tensors[index].shape.rowCount
            #expect(try file.rows(rows, ofTensorAt: index) == whole.rows(rows, ofTensorAt: index))
        }
    }

    @Test func metadataKeepsItsOrder() {
        var metadata = GGUFMetadata()
        metadata["b"] = .uint8(1)
        metadata["a"] = .uint8(2)
        metadata["\u{e9}"] = .uint8(3)
        metadata["e\u{301}"] = .uint8(4)
        metadata["b"] = .bool(false)
        #expect(metadata.entries.map(\.key) == ["b", "a", "\u{e9}", "e\u{301}"])
        metadata.remove("a")
        metadata["a"] = .uint8(5)
        #expect(metadata.entries.map(\.key) == ["b", "\u{e9}", "e\u{301}", "a"])
        #expect(metadata.bool("b") == false)
        #expect(metadata.integer("e\u{301}") == 4)
    }
}
