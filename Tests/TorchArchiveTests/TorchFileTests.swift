import SafetensorsIO
import TestSupport
import Testing
import TorchArchive

/// Files written by PyTorch, against the same tensors that it wrote as safetensors; see
/// Tests/Generators/torch_golden.py.
@Suite struct TorchFileTests {
    private func open(_ name: String) throws -> TorchFile {
        try TorchFile(path: Fixtures.path("golden/torch/\(name).bin"))
    }

    private func expectSame(_ file: TorchFile, as reference: String) throws {
        let expected = try SafetensorsFile(path: Fixtures.path("golden/torch/\(reference).safetensors"))
        #expect(file.tensors.count == expected.tensors.count)
        for tensor in file.tensors {
            let other = try #require(expected.tensor(named: tensor.name))
            #expect(tensor.shape == other.descriptor.shape)
            #expect(try file.bytes(of: tensor, 0..<tensor.byteCount) == other.bytes(), "\(tensor.name)")
        }
    }

    @Test func readsEveryType() throws {
        let file = try open("types")
        try expectSame(file, as: "types")
        for type in [TorchType.bool, .int64, .uint16, .float8_e4m3fn, .float8_e5m2, .bfloat16, .float64] {
            #expect(file.tensor(named: type.rawValue)?.type == type)
        }
        #expect(file.tensor(named: "number")?.shape == [])
        #expect(file.tensor(named: "empty")?.byteCount == 0)
        #expect(file.tensor(named: "missing") == nil)
    }

    @Test func readsViewsOfSharedStorages() throws { try expectSame(open("views"), as: "views") }

    @Test(arguments: ["whole", "columns", "transposed", "part transposed", "deep transposed", "deep outer", "spread"])
    func readsPartsOfViews(name: String) throws {
        let file = try open("views")
        let tensor = try #require(file.tensor(named: name))
        let size = tensor.type.byteCount
        let whole = try file.bytes(of: tensor, 0..<tensor.byteCount)
        let count = tensor.byteCount / size
        for first in 0..<count {
            for end in first...count {
                let range = first * size..<end * size
                #expect(try file.bytes(of: tensor, range) == Array(whole[range]))
            }
        }
    }

    @Test(arguments: 2...5) func readsEveryProtocol(number: Int) throws {
        try expectSame(open("protocols/\(number)"), as: "protocols/expected")
    }

    @Test(arguments: ["by-python", "without-byte-order"]) func readsOtherArchives(name: String) throws {
        let file = try open(name)
        let tensor = try #require(file.tensor(named: "a"))
        let expected = (0..<4).flatMap { withUnsafeBytes(of: Float($0).bitPattern.littleEndian, Array.init) }
        #expect(try file.bytes(of: tensor, 0..<16) == expected)
    }
}

extension TorchFile {
    func bytes(of tensor: Tensor, _ range: Range<Int>) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withUnsafeMutableBytes { try read(tensor, byteRange: range, into: $0) }
        return bytes
    }
}
