import Files
import Foundation
import Importance
import Numerics
import Tensors
import TestSupport
import Testing

/// `two-layers.dat` is what llama-imatrix wrote in the older form in the same run as `two-layers.gguf`.
@Suite struct ImportanceLegacyTests {
    private static let current = Fixtures.path("golden/importance/two-layers.gguf")
    private static let legacy = Fixtures.path("golden/importance/two-layers.dat")

    @Test func bothFormsGiveTheSameWeights() throws {
        let current = try ImportanceMatrix(contentsOf: Self.current)
        let legacy = try ImportanceMatrix(contentsOf: Self.legacy)
        #expect(legacy.datasets == current.datasets)
        #expect(legacy.chunkCount == current.chunkCount)
        #expect(legacy.entries.count == current.entries.count)
        for (name, entry) in current.entries {
            let experts = entry.expertCount
            let shape = try #require(TensorShape(experts == 1 ? [entry.rowLength, 4] : [entry.rowLength, 4, experts]))
            let tensor = try #require(TensorDescriptor(name: name, shape: shape, type: .bf16))
            for expert in 0..<experts {
                let found = try #require(try legacy.weights(for: tensor, expert: expert))
                let expected = try current.weights(for: tensor, expert: expert)
                #expect(found == expected ?? [Float](repeating: 1, count: entry.rowLength))
            }
        }
    }

    @Test func writesTheSameBytesAsTheReference() throws {
        let matrix = try ImportanceMatrix(contentsOf: Self.current)
        try Fixtures.withTemporaryDirectory { directory in
            try matrix.write(to: "\(directory)/out.dat", form: .legacy)
            #expect(try ReadableFile.contents(of: "\(directory)/out.dat") == ReadableFile.contents(of: Self.legacy))
        }
    }

    @Test func theJoinedRowsMustFit() throws {
        let legacy = try ImportanceMatrix(contentsOf: Self.legacy)
        let shape = try #require(TensorShape([512, 4, 7]))
        let tensor = try #require(TensorDescriptor(name: "blk.0.ffn_down_exps.weight", shape: shape, type: .bf16))
        #expect(throws: ImportanceError.self) { try legacy.weights(for: tensor) }
    }

    /// The older form multiplies means by calls, of which one expert may have had many more than another.
    @Test func valuesThatTheOlderFormMakesInfinite() throws {
        let entry = try #require(ImportanceMatrix.Entry(rowLength: 1, sums: [3e38, 1], counts: [1, 100]))
        let matrix = ImportanceMatrix(entries: ["w": entry], datasets: [], chunkCount: 1, chunkSize: 1)
        try Fixtures.withTemporaryDirectory { directory in
            let error = try #require(throws: ImportanceError.self) {
                try matrix.write(to: "\(directory)/out.dat", form: .legacy)
            }
            #expect(error.kind == .invalidNumber && error.tensor == "w")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
            try matrix.write(to: "\(directory)/out.gguf")
            #expect(try ImportanceMatrix(contentsOf: "\(directory)/out.gguf").entries == matrix.entries)
        }
    }

    @Test func refusesAnythingElse() throws {
        for name in ["models/xverse-moe-tiny/config.json", "text/calib/web-en.txt"] {
            #expect(throws: ImportanceError.self) { try ImportanceMatrix(contentsOf: Fixtures.path(name)) }
        }
    }

    @Test(arguments: ["dat", "gguf"]) func damagedFilesNeverCrash(form: String) throws {
        let whole = try ReadableFile.contents(of: Fixtures.path("golden/importance/two-layers.\(form)"))
        var random = SeededRandom(seed: 5)
        try Fixtures.withTemporaryDirectory { directory in
            for round in 0..<80 {
                let path = "\(directory)/\(round)"
                var bytes = whole
                if round % 4 == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
                for _ in 0..<4 where !bytes.isEmpty {
                    // Most damage goes to the places that hold counts and names.
                    let limit = round % 2 == 0 ? bytes.count : min(bytes.count, 3000)
                    bytes[Int.random(in: 0..<limit, using: &random)] = .random(in: 0...255, using: &random)
                }
                try Data(bytes).write(to: URL(filePath: path))
                do {
                    _ = try ImportanceMatrix(contentsOf: path)
                } catch let error as any DiagnosticError {
                    #expect(!error.description.isEmpty)
                }
            }
        }
    }
}
