import ByteJSON
import Digests
import GGUF
import Models
import Parallelism
import Pipelines
import TestSupport
import Testing

/// Against llama.cpp's own converter; see Tests/Generators/converter_golden.py and Docs/Handbook.docc/FromLlamaCpp.md.
@Suite struct ConverterTests {
    /// A key or a tensor, in the words of the golden data.
    private struct Entry: Equatable {
        var type: String
        var value: String
    }

    @Test func writesWhatLlamaCppsConverterWrites() throws {
        let golden = try JSON(contentsOf: Fixtures.path("golden/converter_apus-xdan-tiny.json"))
        try Fixtures.withTemporaryDirectory { directory in
            let output = directory + "/model.gguf"
            _ = try Conversion(target: .bf16, parallel: Parallel())
                .run(Model.open(ReferenceModel.apusXDAN.path), output: output) { _ in }

            let expected = Self.keys(golden)
            let found = Dictionary(
                uniqueKeysWithValues: try Inspection(path: output, expertPadding: .auto).metadata
                    .map { ($0.key, Entry(type: $0.type, value: Self.text(of: $0.value))) })
            let different = Set(expected.keys).union(found.keys).filter { expected[$0] != found[$0] }
            let ours = found.keys.filter { $0.hasPrefix("swage.") }
            #expect(expected.count > 20)
            #expect(different == Set(ours + ["general.name"]))

            let file = try GGUFFile(path: output)
            let tensors = Dictionary(
                uniqueKeysWithValues: try file.tensors.indices.map { index in
                    let tensor = file.tensors[index]
                    let type = "\(tensor.type.name.uppercased()) \(tensor.shape.dimensions)"
                    return (tensor.name, Entry(type: type, value: try Self.sum(ofTensorAt: index, in: file)))
                })
            #expect(tensors.count == 43)
            #expect(tensors == Self.tensors(golden))
        }
    }

    private static func keys(_ golden: JSON) -> [String: Entry] {
        Dictionary(
            uniqueKeysWithValues: (golden["keys"]?.object?.members ?? []).map { key, value in
                let text =
                    value["value"].map { $0.bool.map { "\($0)" } ?? $0.double.map { "\($0)" } ?? $0.string ?? "" }
                    ?? value["sha256"]?.string ?? ""
                return (key.description, Entry(type: value["type"]?.string ?? "", value: text))
            })
    }

    private static func tensors(_ golden: JSON) -> [String: Entry] {
        Dictionary(
            uniqueKeysWithValues: (golden["tensors"]?.object?.members ?? []).map { name, value in
                let shape = value["shape"]?.array?.compactMap(\.integer) ?? []
                return (
                    name.description,
                    Entry(type: "\(value["type"]?.string ?? "") \(shape)", value: value["sha256"]?.string ?? "")
                )
            })
    }

    private static func text(of value: GGUFValue) -> String {
        if let array = value.array { return sum(of: bytes(of: array)) }
        return value.bool.map { "\($0)" } ?? value.double.map { "\($0)" } ?? value.string ?? ""
    }

    /// The elements as a file stores them.
    private static func bytes(of array: GGUFArray) -> [UInt8] {
        func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian, Array.init)
        }
        switch array {
        case .string(let strings): return strings.flatMap { littleEndian(UInt64($0.count)) + $0.bytes }
        case .float32(let numbers): return numbers.flatMap { littleEndian($0.bitPattern) }
        case .int32(let numbers): return numbers.flatMap { littleEndian($0) }
        default: return []
        }
    }

    private static func sum(ofTensorAt index: Int, in file: GGUFFile) throws -> String {
        let tensor = file.tensors[index]
        var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
        try bytes.withUnsafeMutableBytes {
            try file.readRows(ofTensorAt: index, rows: 0..<tensor.shape.rowCount, into: $0)
        }
        return sum(of: bytes)
    }

    private static func sum(of bytes: [UInt8]) -> String {
        SHA256.hexadecimal(of: bytes)
    }
}
