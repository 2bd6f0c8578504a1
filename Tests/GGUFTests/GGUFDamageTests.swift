import Files
import Foundation
import GGUF
import Numerics
import TestSupport
import Testing

/// Damaged files give an error or a model, never a crash.
@Suite struct GGUFDamageTests {
    private func survives(_ bytes: [UInt8], at path: String) throws {
        try bytes.write(to: path)
        do {
            let file = try GGUFFile(path: path)
            for (index, tensor) in file.tensors.enumerated() {
                _ = try file.rows(0..<tensor.shape.rowCount, ofTensorAt: index)
            }
        } catch let error as any DiagnosticError {
            #expect(!error.description.isEmpty)
        }
    }

    @Test func truncatedAnywhere() throws {
        let whole = try ReadableFile.contents(of: Fixtures.path("golden/gguf/values-v3.gguf"))
        try Fixtures.withTemporaryDirectory { directory in
            for count in stride(from: 0, to: whole.count, by: 7) {
                try survives(Array(whole[..<count]), at: "\(directory)/\(count).gguf")
            }
            let path = "\(directory)/m.gguf"
            try Array(whole[..<(whole.count - 64)]).write(to: path)
            #expect(throws: GGUFError.self) { try GGUFFile(path: path) }
        }
    }

    @Test func bytesChangedAtRandom() throws {
        let whole = try ReadableFile.contents(of: Fixtures.path("golden/gguf/values-v3.gguf"))
        var random = SeededRandom(seed: 7)
        let values: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]
        try Fixtures.withTemporaryDirectory { directory in
            for round in 0..<600 {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[place] =
                        Bool.random(using: &random)
                        ? values.randomElement(using: &random)!
                        : .random(
                            in: 0...255, using: &random)
                }
                try survives(bytes, at: "\(directory)/\(round).gguf")
            }
        }
    }
}
