import Foundation
import GGUF
import TestSupport
import Testing

/// Files that must be refused, each with its own kind of error.
@Suite struct GGUFRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let kind: GGUFError.Kind
        var place: GGUFError.Place?
    }

    private static func entry(
        _ name: String, _ kind: GGUFError.Kind, at place: GGUFError.Place? = nil, key: String = "k", type: UInt32,
        _ value: (inout GGUFBytes) -> Void
    ) -> Case {
        var file = GGUFBytes(entries: 1)
        file.add(key: key, type: type, value: [])
        value(&file)
        file.addData(64)
        return Case(testDescription: name, bytes: file.bytes, kind: kind, place: place)
    }

    private static func tensor(
        _ name: String, _ kind: GGUFError.Kind, tensor: String = "w", _ dimensions: [UInt64] = [4], type: UInt32 = 0,
        offset: UInt64 = 0, data: Int = 64
    ) -> Case {
        var file = GGUFBytes(tensors: 1)
        file.add(tensor: tensor, dimensions: dimensions, type: type, offset: offset)
        file.addData(data)
        return Case(testDescription: name, bytes: file.bytes, kind: kind)
    }

    static let headers: [Case] = {
        var version1 = GGUFBytes(version: 1)
        version1.addData(64)
        var announcing = GGUFBytes(tensors: 1 << 60)
        announcing.addData(64)
        var keys = GGUFBytes(entries: 1 << 60)
        keys.addData(64)
        var manyTensors = GGUFBytes(tensors: (1 << 19) + 1)
        manyTensors.addData(26 << 19)
        var manyKeys = GGUFBytes(entries: (1 << 16) + 1)
        manyKeys.addData(15 << 16)
        return [
            Case(
                testDescription: "tensors", bytes: manyTensors.bytes,
                kind: .tooMany((1 << 19) + 1, of: "tensors", limit: 1 << 19)),
            Case(
                testDescription: "keys", bytes: manyKeys.bytes,
                kind: .tooMany((1 << 16) + 1, of: "metadata entries", limit: 1 << 16)),
            Case(testDescription: "empty", bytes: [], kind: .notGGUF(found: [])),
            Case(testDescription: "ggml", bytes: Array("lmgg....".utf8), kind: .notGGUF(found: Array("lmgg".utf8))),
            Case(
                testDescription: "magic only", bytes: Array("GGUF".utf8),
                kind: .truncated(wantedByteCount: 4, remainingByteCount: 0), place: .byte(4)),
            Case(testDescription: "version 1", bytes: version1.bytes, kind: .unsupportedVersion(1)),
            Case(testDescription: "version 4", bytes: GGUFBytes(version: 4).bytes, kind: .unsupportedVersion(4)),
            Case(testDescription: "version 0", bytes: GGUFBytes(version: 0).bytes, kind: .unsupportedVersion(0)),
            Case(testDescription: "big-endian", bytes: GGUFBytes(version: 0x0300_0000).bytes, kind: .bigEndian),
            Case(
                testDescription: "tensor count", bytes: announcing.bytes,
                kind: .countTooLarge(1 << 60, of: "tensors", remainingByteCount: 80), place: .byte(8)),
            Case(
                testDescription: "entry count", bytes: keys.bytes,
                kind: .countTooLarge(1 << 60, of: "metadata entries", remainingByteCount: 72), place: .byte(16)),
        ]
    }()

    static let entries: [Case] = {
        var duplicate = GGUFBytes(entries: 2)
        duplicate.add(key: "k", type: 0, value: [1])
        duplicate.add(key: "k", type: 0, value: [1])
        duplicate.addData(64)
        var canonical = GGUFBytes(entries: 2)
        canonical.add(key: "general.alignment", type: 4, value: [0, 0, 0, 128])
        canonical.addData(64)
        var invalidKey = GGUFBytes(entries: 1)
        invalidKey.add([0xc3, 0x28] as [UInt8])
        invalidKey.addData(64)
        return [
            entry("empty key", .emptyKey, at: .byte(24), key: "", type: 0) { $0.bytes.append(1) },
            entry(
                "long key", .keyTooLong(byteCount: 70000), key: String(repeating: "k", count: 70000), type: 0
            ) { $0.bytes.append(1) },
            Case(testDescription: "duplicate key", bytes: duplicate.bytes, kind: .duplicateKey, place: .key("k")),
            Case(testDescription: "key not UTF-8", bytes: invalidKey.bytes, kind: .invalidUTF8, place: .byte(24)),
            entry("value type", .unknownValueType(13), at: .key("k"), type: 13) { _ in },
            entry("nested array", .nestedArray, at: .key("k"), type: 9) { file in
                file.add(UInt32(9))
                file.add(UInt64(1))
            },
            entry("bool", .invalidBool(2), at: .key("k"), type: 7) { $0.bytes.append(2) },
            entry("string not UTF-8", .invalidUTF8, at: .key("k"), type: 8) { $0.add([0xff] as [UInt8]) },
            entry("strings not UTF-8", .invalidUTF8, at: .key("k"), type: 9) { file in
                file.add(UInt32(8))
                file.add(UInt64(1))
                file.add([0xff] as [UInt8])
            },
            entry(
                "string length", .countTooLarge(.max, of: "bytes of text", remainingByteCount: 83), at: .key("k"),
                type: 8
            ) { file in
                file.add(UInt64.max)
            },
            entry(
                "array length", .countTooLarge(1 << 61, of: "array elements", remainingByteCount: 79), at: .key("k"),
                type: 9
            ) { file in
                file.add(UInt32(12))
                file.add(UInt64(1 << 61))
            },
            entry("alignment 48", .alignment(48), key: "general.alignment", type: 4) { $0.add(UInt32(48)) },
            entry("alignment 0", .alignment(0), key: "general.alignment", type: 4) { $0.add(UInt32(0)) },
            entry("alignment 2^31", .alignment(1 << 31), key: "general.alignment", type: 4) {
                $0.add(UInt32(1) << 31)
            },
            entry(
                "type of the alignment", .wrongValueType(found: "uint64", expected: "uint32"),
                key: "general.alignment", type: 10
            ) { $0.add(UInt64(32)) },
            entry(
                "tokens that are numbers", .wrongValueType(found: "[int32]", expected: "[string]"),
                key: "tokenizer.ggml.tokens", type: 9
            ) { file in
                file.add(UInt32(5))
                file.add(UInt64(1))
                file.add(UInt32(5))
            },
            entry(
                "scores that are no array", .wrongValueType(found: "float32", expected: "[float32]"),
                key: "tokenizer.ggml.scores", type: 6
            ) { $0.add(UInt32(5)) },
        ]
    }()

    static let tensors: [Case] = {
        var duplicate = GGUFBytes(tensors: 2)
        duplicate.add(tensor: "w", dimensions: [8], type: 0, offset: 0)
        duplicate.add(tensor: "w", dimensions: [8], type: 0, offset: 32)
        duplicate.addData(64)
        var gap = GGUFBytes(tensors: 2)
        gap.add(tensor: "a", dimensions: [9], type: 0, offset: 0)
        gap.add(tensor: "b", dimensions: [8], type: 0, offset: 36)
        gap.addData(128)
        var sum = GGUFBytes(tensors: 2)
        sum.add(tensor: "a", dimensions: [1 << 60], type: 24, offset: 0)
        sum.add(tensor: "b", dimensions: [1 << 62], type: 24, offset: 1 << 60)
        sum.addData(128)
        let end = 32 * ((24 + 8 + 1 + 4 + 8 + 4 + 8 + 31) / 32)
        return [
            tensor("no name", .invalidTensorName, tensor: ""),
            tensor("zero in the name", .invalidTensorName, tensor: "a\0b"),
            tensor("long name", .tensorNameTooLong(byteCount: 64), tensor: String(repeating: "w", count: 64)),
            Case(testDescription: "twice", bytes: duplicate.bytes, kind: .duplicateTensor, place: .tensor("w")),
            tensor("rank", .tooManyDimensions(5), [1, 1, 1, 1, 1]),
            tensor("zero dimension", .invalidShape([4, 0]), [4, 0]),
            tensor("negative dimension", .invalidShape([.max]), [.max]),
            tensor("elements overflow", .invalidShape([1 << 32, 1 << 32]), [1 << 32, 1 << 32]),
            tensor("bytes overflow", .tensorTooLarge, [1 << 31, 1 << 31]),
            tensor("partial block", .partialBlock(rowLength: 48, type: .q4_0), [48, 32], type: 2),
            tensor("offset", .wrongOffset(found: 32, expected: 0), offset: 32),
            Case(
                testDescription: "gap", bytes: gap.bytes, kind: .wrongOffset(found: 36, expected: 64),
                place: .tensor("b")),
            Case(
                testDescription: "far end", bytes: sum.bytes,
                kind: .tensorOutsideFile(endOffset: (1 << 60) + 96, fileByteCount: sum.bytes.count),
                place: .tensor("a")),
            tensor("truncated data", .tensorOutsideFile(endOffset: end + 256, fileByteCount: end + 64), [64]),
            tensor("no data", .tensorOutsideFile(endOffset: end + 16, fileByteCount: end), data: 0),
        ]
    }()

    static let types: [Case] =
        [4, 5, 31, 32, 33, 36, 37, 38].map { tensor("type \($0)", .removedTensorType($0), type: $0) }
        + [9, 15].map { tensor("type \($0)", .internalTensorType($0), type: $0) }
        + [43, 137, 142, 1 << 31].map { tensor("type \($0)", .foreignTensorType($0), type: $0) }

    @Test(arguments: headers + entries + tensors + types) func refuses(_ example: Case) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/model.gguf"
            try example.bytes.write(to: path)
            let error = try #require(throws: GGUFError.self) { try GGUFFile(path: path) }
            #expect(error.kind == example.kind)
            if let place = example.place { #expect(error.place == place) }
            #expect(error.diagnostic.file == path)
            #expect(!error.diagnostic.problem.isEmpty)
        }
    }

    @Test(arguments: [
        (UInt32(137), "ik_llama.cpp", "quantize"), (142, "a fork", "quantize"), (31, "Q4_0_4_4", "Q4_0"),
        (38, "IQ4_NL_8_8", "IQ4_NL"), (15, "Q8_K", "damaged"),
    ])
    func explainsTypesThatAreNotStored(type: UInt32, problem: String, advice: String) throws {
        let example = Self.tensor("type", .foreignTensorType(type), type: type)
        try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/model.gguf"
            try example.bytes.write(to: path)
            let error = try #require(throws: GGUFError.self) { try GGUFFile(path: path) }
            #expect(error.diagnostic.problem.contains(problem))
            #expect(error.diagnostic.advice?.description.contains(advice) == true)
            #expect(error.diagnostic.place == "tensor \"w\"")
        }
    }

    @Test func refusesTheBigEndianFileOfTheReference() {
        let error = #expect(throws: GGUFError.self) {
            try GGUFFile(path: Fixtures.path("golden/gguf/values-big-endian.gguf"))
        }
        #expect(error?.kind == .bigEndian)
    }

    @Test func scoresMustMatchTheTokens() throws {
        var metadata = GGUFMetadata()
        metadata["tokenizer.ggml.tokens"] = .array(.string(["a", "b"]))
        metadata["tokenizer.ggml.scores"] = .array(.float32([0]))
        try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/m.gguf"
            var writer = try GGUFWriter(path: path, metadata: metadata, tensors: [])
            try writer.finish()
            let error = try #require(throws: GGUFError.self) { try GGUFFile(path: path) }
            #expect(error.kind == .wrongArrayCount(found: 1, expected: 2))
            #expect(error.place == .key("tokenizer.ggml.scores"))
        }
    }
}
