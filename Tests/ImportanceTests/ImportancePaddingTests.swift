import Importance
import Tensors
import TestSupport
import Testing

/// Importances of models whose experts are padded to multiples of 256, or not.
@Suite struct ImportancePaddingTests {
    private static func tensor(_ name: String, _ dimensions: [Int]) -> TensorDescriptor {
        TensorDescriptor(name: name, shape: TensorShape(dimensions)!, type: .f32)!
    }

    private static func matrix(_ name: String, _ entry: ImportanceMatrix.Entry, chunkSize: Int = 64) -> ImportanceMatrix
    {
        ImportanceMatrix(entries: [name: entry], datasets: [], chunkCount: 1, chunkSize: chunkSize)
    }

    /// Column c of expert e has the sum 1000 · e + c + 1; zeros follow each expert's columns.
    @Test(arguments: [
        ("blk.0.ffn_down_exps.weight", 1728, 1792, 2), ("blk.0.ffn_down_exps.weight", 200, 256, 3),
        ("blk.0.ffn_down_shexp.weight", 400, 512, 1), ("blk.0.ffn_down_shexp.weight", 3456, 3584, 1),
    ])
    func columnsComeAndGo(name: String, narrow: Int, wide: Int, experts: Int) throws {
        try Conformance.row("quantizing/importance-padding")
        func sums(_ length: Int) -> [Float] {
            (0..<experts).flatMap { expert in (0..<length).map { $0 < narrow ? Float(1000 * expert + $0 + 1) : 0 } }
        }
        let counts = (0..<experts).map { Float($0) + 1 }
        let (small, large) = (
            try #require(ImportanceMatrix.Entry(rowLength: narrow, sums: sums(narrow), counts: counts)),
            try #require(ImportanceMatrix.Entry(rowLength: wide, sums: sums(wide), counts: counts))
        )
        let widened = Self.matrix(name, small).padded(like: [Self.tensor(name, [wide, 8, experts])])
        #expect(widened.entries[name] == large)
        let narrowed = Self.matrix(name, large).padded(like: [Self.tensor(name, [narrow, 8, experts])])
        #expect(narrowed.entries[name] == small)
        // The older form has the rows of all experts in one.
        if experts > 1 {
            let joined = try #require(
                ImportanceMatrix.Entry(rowLength: experts * narrow, sums: sums(narrow), counts: [2]))
            let legacy = Self.matrix(name, joined, chunkSize: 0).padded(like: [Self.tensor(name, [wide, 8, experts])])
            #expect(legacy.entries[name]?.sums == sums(wide) && legacy.entries[name]?.counts == [2])
        }
    }

    /// Another length, another weight, and columns that saw something.
    @Test(arguments: [
        ("blk.0.ffn_down_exps.weight", 200, 512), ("blk.0.ffn_gate_exps.weight", 200, 256),
        ("blk.0.ffn_down.weight", 200, 256), ("blk.0.ffn_down_exps.weight", 256, 200),
    ])
    func otherLengthsStay(name: String, found: Int, wanted: Int) throws {
        try Conformance.row("quantizing/importance-padding-refused")
        let entry = try #require(
            ImportanceMatrix.Entry(rowLength: found, sums: [Float](repeating: 1, count: found), counts: [1]))
        let matrix = Self.matrix(name, entry)
        #expect(matrix.padded(like: [Self.tensor(name, [wanted, 8])]) == matrix)
        #expect(throws: ImportanceError.self) { try matrix.stackWeights(for: Self.tensor(name, [wanted, 8])) }
    }
}
