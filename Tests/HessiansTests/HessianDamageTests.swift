import Files
import Foundation
import GGUF
import Hessians
import ModelArchitecture
import Runtime
import Tensors
import TestSupport
import Testing

@Suite("Damaged files of second moments")
struct HessianDamageTests {
    private static let attention = "blk.0.attn_q+attn_k+attn_v"

    /// Something that is wrong with a file, and what opening it, or reading all of it, says.
    struct Damage: Sendable, CustomTestStringConvertible {
        let kind: HessianError.Kind
        let tensor: String?
        let change: @Sendable (inout LooseFile) -> Void

        init(_ kind: HessianError.Kind, _ tensor: String?, _ change: @escaping @Sendable (inout LooseFile) -> Void) {
            (self.kind, self.tensor, self.change) = (kind, tensor, change)
        }

        var testDescription: String { "\(kind)" }
    }

    private static let damages: [Damage] = [
        Damage(.notHessian(type: "imatrix"), nil) { $0.metadata["general.type"] = .string("imatrix") },
        Damage(.notHessian(type: nil), nil) { $0.metadata["general.type"] = nil },
        Damage(.invalidKey("hessian.datasets"), nil) { $0.metadata["hessian.datasets"] = .uint32(1) },
        Damage(.invalidKey("hessian.chunk_size"), nil) { $0.metadata["hessian.chunk_size"] = nil },
        Damage(.invalidKey("hessian.block_width"), nil) { $0.metadata["hessian.block_width"] = nil },
        Damage(.invalidKey("hessian.block_width"), nil) { $0.metadata["hessian.block_width"] = .uint32(0) },
        Damage(.invalidKey("hessian.block_width"), nil) { $0.metadata["hessian.block_width"] = .uint32(300) },
        Damage(.missingTensor, "blk.1.ffn_down_exps.2.diagonal") {
            $0.tensors.remove(at: $0.index("blk.1.ffn_down_exps.2.diagonal"))
        },
        Damage(.unexpectedTensor, "blk.2.attn_output.rows") {
            let tensor = TensorDescriptor(name: "blk.2.attn_output.rows", shape: TensorShape([1])!, type: .i64)!
            $0.tensors.append((tensor, [UInt8](repeating: 0, count: 8)))
        },
        Damage(.wrongShape(found: TensorShape([9])!, expected: TensorShape([8])!), "\(attention).diagonal") {
            $0.replace("\(attention).diagonal", shape: [9], type: .f32)
        },
        Damage(.wrongType(found: .f32, expected: .f16), "\(attention).correlations") {
            $0.replace("\(attention).correlations", shape: [28], type: .f32)
        },
        Damage(.invalidRowCount(-1), "\(attention).rows") { $0.set("\(attention).rows", 0, to: Int64(-1)) },
        Damage(.invalidRowCount(.max), "\(attention).rows") { $0.set("\(attention).rows", 0, to: Int64.max) },
        Damage(.sumsWithoutRows, "\(attention).diagonal") { $0.set("\(attention).rows", 0, to: Int64(0)) },
        Damage(.invalidDiagonal(column: 3, value: -1), "\(attention).diagonal") {
            $0.set("\(attention).diagonal", 3, to: Float(-1))
        },
        Damage(.invalidDiagonal(column: 7, value: .infinity), "\(attention).diagonal") {
            $0.set("\(attention).diagonal", 7, to: Float.infinity)
        },
        // The strictly upper triangle of 8 columns: row 0 has 7 elements, row 1 begins with columns 1 and 2.
        Damage(.invalidCorrelation(row: 1, column: 2, value: 1.5), "\(attention).correlations") {
            $0.set("\(attention).correlations", 7, to: Float16(1.5))
        },
        Damage(.invalidCorrelation(row: 6, column: 7, value: -.infinity), "\(attention).correlations") {
            $0.set("\(attention).correlations", 27, to: -Float16.infinity)
        },
    ]

    private func readAll(_ path: String, plan: DecoderPlan = TestMoments.plan) throws {
        let file = try HessianFile(path: path, plan: plan)
        for site in HessianSite.all(of: plan, file.blocks) { _ = try file.moments(site) }
    }

    @Test(arguments: damages)
    func areRefused(damage: Damage) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let path = directory + "/file"
            try TestMoments.write(path)
            var file = try LooseFile(path)
            damage.change(&file)
            try file.write(path)
            #expect(throws: HessianError(damage.kind, path: path, tensor: damage.tensor)) { try readAll(path) }
        }
    }

    @Test(arguments: [Float.nan, -.nan])
    func numbersThatAreNone(value: Float) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let path = directory + "/file"
            for tensor in ["diagonal", "correlations"] {
                try TestMoments.write(path)
                var file = try LooseFile(path)
                let name = "\(Self.attention).\(tensor)"
                if tensor == "diagonal" { file.set(name, 1, to: value) } else { file.set(name, 1, to: Float16(value)) }
                try file.write(path)
                let error = #expect(throws: HessianError.self) { try readAll(path) }
                #expect(error?.tensor == name)
            }
        }
    }

    @Test func ofAnotherModel() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let path = directory + "/file"
            try TestMoments.write(path)
            for (plan, kind) in [
                (TestMoments.plan(expertCount: 4), HessianError.Kind.missingTensor),
                (TestMoments.plan(expertCount: 2), .unexpectedTensor),
                (TestMoments.plan(expertCount: nil), .missingTensor),
                (TestMoments.plan(expertCount: 3, layerCount: 3), .missingTensor),
                (TestMoments.plan(expertCount: 3, layerCount: 1), .unexpectedTensor),
                (TestMoments.plan(expertCount: 3, tied: true), .unexpectedTensor),
                (
                    TestMoments.plan(expertCount: 3, embeddingLength: 16),
                    .wrongShape(found: TensorShape([8])!, expected: TensorShape([16])!)
                ),
            ] {
                let error = #expect(throws: HessianError.self) { try readAll(path, plan: plan) }
                #expect(error?.kind == kind)
            }
        }
    }

    /// Wherever it is cut off, opening says so.
    @Test func cutOff() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let path = directory + "/file"
            try TestMoments.write(path)
            let bytes = try Data(contentsOf: URL(filePath: path))
            for count in stride(from: 0, to: bytes.count - 32, by: 97) {
                try bytes.prefix(count).write(to: URL(filePath: path))
                let error = #expect(throws: (any Error).self) { try readAll(path) }
                #expect(error is any DiagnosticError)
            }
        }
    }
}
