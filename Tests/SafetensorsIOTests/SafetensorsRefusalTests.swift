import Files
import Foundation
import Numerics
import SafetensorsIO
import TestSupport
import Testing

/// Files that must be refused, each with its own kind of error.
@Suite struct SafetensorsRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let kind: SafetensorsError.Kind

        init(_ name: String, _ bytes: [UInt8], _ kind: SafetensorsError.Kind) {
            (testDescription, self.bytes, self.kind) = (name, bytes, kind)
        }
    }

    private static func tensor(_ shape: String, _ offsets: String, type: String = "F32") -> String {
        #"{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
    }

    private static func one(_ shape: String, _ offsets: String, type: String = "F32", data: Int = 16) -> [UInt8] {
        .safetensors(#"{"a":\#(tensor(shape, offsets, type: type))}"#, data: data)
    }

    private static func two(_ first: String, _ second: String, data: Int = 32) -> [UInt8] {
        .safetensors(#"{"a":\#(tensor("[4]", first)),"b":\#(tensor("[4]", second))}"#, data: data)
    }

    static let cases: [Case] = {
        let good = one("[4]", "[0,16]")
        let start = good.count - 16
        let pair = two("[0,16]", "[16,32]").count - 32
        return [
            Case("empty", [], .truncated(expectedByteCount: 8, foundByteCount: 0)),
            Case("short", [1, 0, 0], .truncated(expectedByteCount: 8, foundByteCount: 3)),
            Case(
                "huge header", [0, 0, 0, 0, 0, 0, 0, 0x80], .headerTooLarge(byteCount: 1 << 63, limit: 100_000_000)),
            Case(
                "header above the limit", [0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, 1],
                .headerTooLarge(byteCount: 100_000_001, limit: 100_000_000)),
            Case("long header", [9, 0, 0, 0, 0, 0, 0, 0, 1], .headerOutsideFile(byteCount: 9, fileByteCount: 9)),
            Case("no header", [0, 0, 0, 0, 0, 0, 0, 0], .headerNotJSON),
            Case("not JSON", .safetensors("{\"a\":", data: 0), .headerNotJSON),
            Case("not an object", .safetensors("[]", data: 0), .headerNotJSON),
            Case("space before the header", .safetensors(" {}", data: 0), .headerNotJSON),
            Case("deep", .safetensors(#"{"a":"# + String(repeating: "[", count: 100_000), data: 0), .headerNotJSON),
            Case("duplicate", .safetensors(#"{"a":1,"a":2}"#, data: 0), .duplicateKey("a")),
            Case("metadata numbers", .safetensors(#"{"__metadata__":{"a":1}}"#, data: 0), .invalidMetadata),
            Case("metadata array", .safetensors(#"{"__metadata__":[]}"#, data: 0), .invalidMetadata),
            Case("no object", .safetensors(#"{"a":1}"#, data: 0), .invalidEntry("dtype")),
            Case("no shape", .safetensors(#"{"a":{"dtype":"F32"}}"#, data: 0), .invalidEntry("shape")),
            Case("negative shape", one("[-4]", "[0,16]"), .invalidEntry("shape")),
            Case("broken shape", one("[1.5]", "[0,16]"), .invalidEntry("shape")),
            Case("huge dimension", one("[1e300]", "[0,16]"), .invalidEntry("shape")),
            Case("three offsets", one("[4]", "[0,16,32]"), .invalidEntry("data_offsets")),
            Case("backward", one("[4]", "[16,0]"), .invalidEntry("data_offsets")),
            Case("negative offset", one("[4]", "[-16,0]"), .invalidEntry("data_offsets")),
            Case("type", one("[4]", "[0,16]", type: "Q4"), .unknownType("Q4")),
            Case("overflow", one("[4294967296,4294967296]", "[0,16]"), .shapeTooLarge([1 << 32, 1 << 32])),
            Case("half a byte", one("[3]", "[0,2]", type: "F4"), .partialByte),
            Case("byte count", one("[5]", "[0,16]"), .wrongByteCount(found: 16, expected: 20)),
            Case("elements that are not there", one("[0]", "[0,16]"), .wrongByteCount(found: 16, expected: 0)),
            Case(
                "outside", one("[4]", "[1000,1016]"),
                .offsetsOutsideFile(end: start + 5 + 1016, fileByteCount: start + 5 + 16)),
            Case(
                "far outside", one("[4]", "[9223372036854775791,9223372036854775807]"),
                .offsetsOutsideFile(end: .max, fileByteCount: start + 35 + 16)),
            Case(
                "truncated", one("[4]", "[0,16]", data: 15),
                .truncated(expectedByteCount: good.count, foundByteCount: good.count - 1)),
            Case("trailing", one("[4]", "[0,16]", data: 17), .trailingBytes(1)),
            Case("overlap", two("[0,16]", "[12,28]"), .overlap(with: "a")),
            Case("same bytes", two("[0,16]", "[0,16]", data: 16), .overlap(with: "a")),
            Case("hole", two("[0,16]", "[20,36]", data: 36), .hole(byteCount: 4)),
            Case("hole at the start", two("[4,20]", "[20,36]", data: 36), .hole(byteCount: 4)),
            Case(
                "second truncated", two("[0,16]", "[16,32]", data: 20),
                .truncated(expectedByteCount: pair + 32, foundByteCount: pair + 20)),
        ]
    }()

    @Test(arguments: cases) func refuses(_ example: Case) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/model.safetensors"
            try example.bytes.write(to: path)
            let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
            #expect(error.kind == example.kind)
            #expect(error.diagnostic.file == path)
        }
    }

    @Test func damagedFilesNeverCrash() throws {
        let whole = try ReadableFile.contents(of: Fixtures.path("golden/safetensors/types.safetensors"))
        var random = SeededRandom(seed: 11)
        try Fixtures.withTemporaryDirectory { directory in
            for round in 0..<600 {
                let path = "\(directory)/\(round).safetensors"
                var bytes = whole
                if round % 4 == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
                for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[place] = .random(in: 0x20...0x7e, using: &random)
                }
                try bytes.write(to: path)
                do {
                    let file = try SafetensorsFile(path: path)
                    for tensor in file.tensors { _ = try file.tensor(named: tensor.name)?.bytes() }
                } catch let error as any DiagnosticError {
                    #expect(!error.description.isEmpty)
                }
            }
        }
    }
}
