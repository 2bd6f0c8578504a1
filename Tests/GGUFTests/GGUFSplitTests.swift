import Foundation
import GGUF
import Tensors
import TestSupport
import Testing

@Suite struct GGUFSplitTests {
    struct Split {
        var number: GGUFValue? = .uint16(0)
        var count: GGUFValue? = .uint16(2)
        var tensorCount: GGUFValue? = .int32(2)
        var tensor = "a"
    }

    /// Writes one part with one tensor.
    private func write(_ split: Split, to path: String) throws {
        var metadata = GGUFMetadata()
        metadata["split.no"] = split.number
        metadata["split.count"] = split.count
        metadata["split.tensors.count"] = split.tensorCount
        let shape = try #require(TensorShape([8]))
        let tensor = try #require(TensorDescriptor(name: split.tensor, shape: shape, type: .f32))
        var writer = try GGUFWriter(path: path, metadata: metadata, tensors: [tensor])
        try [UInt8](repeating: 0, count: 32).withUnsafeBytes { try writer.append($0) }
        try writer.endTensor()
        try writer.finish()
    }

    /// The error of opening the first of two parts.
    private func kind(
        _ first: Split = Split(), _ second: Split? = Split(number: .uint16(1), tensor: "b"),
        names: (String, String) = ("m-00001-of-00002.gguf", "m-00002-of-00002.gguf")
    ) throws -> GGUFError.Kind? {
        try Fixtures.withTemporaryDirectory { directory in
            try write(first, to: "\(directory)/\(names.0)")
            if let second { try write(second, to: "\(directory)/\(names.1)") }
            do {
                _ = try GGUFFile(path: "\(directory)/\(names.0)")
                return nil
            } catch let error as GGUFError {
                if case .splitPartsMissing(let paths) = error.kind {
                    return .splitPartsMissing(paths.map { String($0.dropFirst(directory.count + 1)) })
                }
                return error.kind
            }
        }
    }

    @Test func opensBothParts() throws { #expect(try kind() == nil) }

    @Test func namesMissingParts() throws {
        #expect(try kind(Split(), nil) == .splitPartsMissing(["m-00002-of-00002.gguf"]))
    }

    @Test func tellsARenamedPart() throws {
        #expect(try kind(names: ("m.gguf", "n.gguf")) == .splitName(number: 1, count: 2))
        #expect(
            try kind(names: ("m-00001-of-00003.gguf", "m-00002-of-00003.gguf")) == .splitName(number: 1, count: 2))
    }

    @Test func refusesInconsistentParts() throws {
        #expect(try kind(Split(), Split(tensor: "b")) == .splitNumber(found: 0, expected: 1))
        #expect(
            try kind(Split(), Split(number: .uint16(1), count: .uint16(3), tensor: "b"))
                == .splitCount(found: 3, expected: 2))
        #expect(try kind(Split(number: .uint16(2))) == .splitNumber(found: 2, expected: 1))
        #expect(try kind(Split(), Split(number: .uint16(1), tensor: "a")) == .duplicateTensor)
        #expect(
            try kind(Split(), Split(number: .uint16(1), tensorCount: .int32(3), tensor: "b"))
                == .splitTensorCount(found: 3, expected: 2))
        let three = GGUFValue.int32(3)
        #expect(
            try kind(Split(tensorCount: three), Split(number: .uint16(1), tensorCount: three, tensor: "b"))
                == .splitTensorCount(found: 2, expected: 3))
        #expect(try kind(Split(), Split(number: nil, count: nil, tensorCount: nil)) == .splitKeyMissing)
    }

    @Test func refusesKeysOfOtherTypes() throws {
        #expect(try kind(Split(number: nil)) == .splitKeyMissing)
        #expect(try kind(Split(tensorCount: nil)) == .splitKeyMissing)
        #expect(try kind(Split(number: .uint32(0))) == .wrongValueType(found: "uint32", expected: "uint16"))
        #expect(try kind(Split(count: .int32(2))) == .wrongValueType(found: "int32", expected: "uint16"))
        #expect(try kind(Split(tensorCount: .uint16(2))) == .wrongValueType(found: "uint16", expected: "int32"))
    }

    @Test func aSplitIntoOnePartIsAWholeModel() throws {
        #expect(try kind(Split(count: .uint16(1)), nil, names: ("m.gguf", "")) == nil)
    }
}
