import Files
import Foundation
import GGUF
import Tensors
import TestSupport
import Testing

@Suite struct GGUFWriterTests {
    private func copy(_ file: GGUFFile, to path: String, metadata: GGUFMetadata? = nil) throws {
        var writer = try GGUFWriter(path: path, metadata: metadata ?? file.metadata, tensors: file.tensors)
        for (index, tensor) in file.tensors.enumerated() {
            for row in 0..<tensor.shape.rowCount {
                try file.rows(row..<row + 1, ofTensorAt: index).withUnsafeBytes { try writer.append($0) }
            }
            try writer.endTensor()
        }
        try writer.finish()
    }

    /// The Python package gguf wrote the originals.
    @Test(arguments: [
        ("values-v3", "values-v3"), ("values-v2", "values-v3"), ("values-aligned", "values-aligned"),
        ("values-00001-of-00003", "values-v3"),
    ])
    func writesTheSameBytesAsTheReference(source: String, expected: String) throws {
        let file = try GGUFFile(path: Fixtures.path("golden/gguf/\(source).gguf"))
        let reference = try ReadableFile.contents(of: Fixtures.path("golden/gguf/\(expected).gguf"))
        try Fixtures.withTemporaryDirectory { directory in
            try copy(file, to: "\(directory)/out.gguf")
            #expect(try ReadableFile.contents(of: "\(directory)/out.gguf") == reference)
            #expect(
                try GGUFWriter.byteCount(metadata: file.metadata, tensors: file.tensors) == reference.count)
        }
    }

    private func tensor(_ name: String, _ dimensions: [Int] = [8, 2]) throws -> TensorDescriptor {
        let shape = try #require(TensorShape(dimensions))
        return try #require(TensorDescriptor(name: name, shape: shape, type: .f32))
    }

    @Test func wrongByteCountsLeaveNoFile() throws {
        let descriptor = try tensor("w")
        try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/out.gguf"
            let bytes = [UInt8](repeating: 0, count: 65)
            do {
                var writer = try GGUFWriter(path: path, metadata: GGUFMetadata(), tensors: [descriptor])
                let missing = #expect(throws: GGUFError.self) { try writer.finish() }
                #expect(missing?.kind == .tensorsMissing(written: 0, expected: 1))
                let long = #expect(throws: GGUFError.self) { try bytes.withUnsafeBytes { try writer.append($0) } }
                #expect(long?.kind == .tensorByteCount(found: 65, expected: 64))
                try bytes[..<63].withUnsafeBytes { try writer.append($0) }
                let short = #expect(throws: GGUFError.self) { try writer.endTensor() }
                #expect(short?.kind == .tensorByteCount(found: 63, expected: 64))
                #expect(short?.place == .tensor("w"))
                try bytes[..<1].withUnsafeBytes { try writer.append($0) }
                try writer.endTensor()
                let extra = #expect(throws: GGUFError.self) { try writer.endTensor() }
                #expect(extra?.kind == .noTensorLeft)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
        }
    }

    @Test func refusesWhatNoReaderWouldTake() throws {
        func kind(_ metadata: [(ByteString, GGUFValue)], _ tensors: [TensorDescriptor]) -> GGUFError.Kind? {
            var contents = GGUFMetadata()
            for (key, value) in metadata { contents[key] = value }
            return #expect(throws: GGUFError.self) {
                _ = try GGUFWriter.byteCount(metadata: contents, tensors: tensors)
            }?.kind
        }
        #expect(kind([("", .bool(true))], []) == .emptyKey)
        #expect(kind([("a", .string(ByteString([0xff])))], []) == .invalidUTF8)
        #expect(kind([("a", .array(.string([ByteString([0xff])])))], []) == .invalidUTF8)
        #expect(kind([("general.alignment", .uint32(48))], []) == .alignment(48))
        #expect(
            kind([("general.alignment", .int32(64))], []) == .wrongValueType(found: "int32", expected: "uint32"))
        #expect(kind([], [try tensor("")]) == .invalidTensorName)
        #expect(kind([], [try tensor(String(repeating: "x", count: 64))]) == .tensorNameTooLong(byteCount: 64))
        #expect(kind([], [try tensor("w"), try tensor("w")]) == .duplicateTensor)
        #expect(kind([], [try tensor("w", [1, 1, 1, 1, 1])]) == .tooManyDimensions(5))
        #expect(kind([], [try tensor("a", [1 << 60]), try tensor("b", [1 << 60])]) == .tensorTooLarge)
    }

    @Test func checksTheRoomOnTheDisk() throws {
        let huge = try tensor("w", [1 << 58])
        try Fixtures.withTemporaryDirectory { directory in
            let error = #expect(throws: FileError.self) {
                _ = try GGUFWriter(path: "\(directory)/out.gguf", metadata: GGUFMetadata(), tensors: [huge])
            }
            #expect(error?.diagnostic.fault == .room)
        }
    }
}
