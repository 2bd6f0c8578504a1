import Foundation
import SafetensorsIO
import Tensors
import TestSupport
import Testing

/// A file made by the Python package safetensors; see Fixtures/golden/safetensors/make.py.
@Suite struct SafetensorsFileTests {
    private func open() throws -> SafetensorsFile {
        try SafetensorsFile(path: Fixtures.path("golden/safetensors/types.safetensors"))
    }

    @Test func listsEveryType() throws {
        let file = try open()
        let listed = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, ($0.type, $0.shape)) })
        let expected: [String: (SafetensorsType, [Int])] = [
            "float": (.f32, [2, 3, 4]), "half": (.f16, [3, 2]), "brain": (.bf16, [5]), "double": (.f64, [2]),
            "eight": (.f8_E4M3, [4]), "truth": (.bool, [3]), "long": (.i64, [1, 2]), "bytes": (.u8, [1]),
            "number": (.f32, []), "empty": (.f32, [0, 3]), "雪": (.f32, [1]),
        ]
        #expect(listed.count == expected.count)
        for (name, (type, shape)) in expected {
            #expect(listed[name]?.0 == type)
            #expect(listed[name]?.1 == shape)
        }
        #expect(file.metadata.first { $0.key == "雪" }?.value == "é")
        #expect(file.tensors.map(\.byteRange.lowerBound) == file.tensors.map(\.byteRange.lowerBound).sorted())
    }

    @Test func readsBytes() throws {
        let file = try open()
        let tensor = try #require(file.tensor(named: "float"))
        #expect(tensor.descriptor.byteCount == 96)
        #expect(try tensor.bytes(8..<16) == [2, 3].flatMap { (value: Float) in value.littleEndianBytes })
        let brain = try #require(file.tensor(named: "brain"))
        #expect(try brain.bytes() == (0..<5).flatMap { BFloat16(Float($0)).littleEndianBytes })
        #expect(file.tensor(named: "missing") == nil)
    }

    /// The numbers that make.py wrote.
    private static let numbers: [(name: String, values: [Float])] = [
        ("float", Array(0..<24).map { Float($0) }), ("half", [0, 1, 2, 3, 4, 5]), ("brain", [0, 1, 2, 3, 4]),
        ("double", [0.1, -2]), ("eight", [0, 1, 2, 3]), ("number", [2.5]), ("empty", []), ("雪", [1]),
    ]

    @Test(arguments: numbers) func readsNumbers(name: String, expected: [Float]) throws {
        let tensor = try #require(open().tensor(named: name))
        #expect(tensor.elementCount == expected.count)
        #expect(try tensor.floats() == expected)
        for start in expected.indices {
            #expect(try tensor.floats(start..<expected.count) == Array(expected[start...]))
        }
    }

    @Test(arguments: ["truth", "long", "bytes"]) func takesNoOtherTypesForNumbers(name: String) throws {
        let tensor = try #require(open().tensor(named: name))
        let error = #expect(throws: SafetensorsError.self) { try tensor.floats() }
        #expect(error?.kind == .notFloats(tensor.descriptor.type))
        #expect(error?.place == .tensor(name))
    }
}
