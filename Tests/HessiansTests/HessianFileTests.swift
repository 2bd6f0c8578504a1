import ErrorFeedback
import Files
import Foundation
import GGUF
import Hessians
import ModelArchitecture
import Runtime
import TestSupport
import Testing

@Suite("Files of second moments")
struct HessianFileTests {
    @Test("hold what was collected, within half precision", arguments: [(3, 8), (nil, 8), (3, 300)])
    func roundTrip(expertCount: Int?, embeddingLength: Int) throws {
        let plan = TestMoments.plan(expertCount: expertCount, embeddingLength: embeddingLength)
        let blocks = ColumnBlocks(greatestWidth: 256)
        try Fixtures.withTemporaryDirectory { directory in
            let path = directory + "/small.hessian.gguf"
            try TestMoments.write(path, plan: plan, blocks: blocks)
            let size = try HessianWriter.byteCount(plan: plan, blocks: blocks, origin: TestMoments.origin)
            #expect(try ReadableFile(path: path).byteCount == size)
            let file = try HessianFile(path: path, plan: plan)
            #expect(file.origin == TestMoments.origin && file.blocks == blocks)
            for (number, site) in HessianSite.all(of: plan, blocks).enumerated() {
                let rows = TestMoments.rows(site, number: number)
                let moments = try file.moments(site)
                #expect(moments.rowCount == rows.count && file.rowCount(site) == rows.count)
                let columns = site.columns.count
                #expect(moments.columns == columns)
                for first in 0..<columns {
                    for second in 0..<columns {
                        let found = Double(moments.values[first * columns + second])
                        let expected = TestMoments.product(rows, first, second)
                        let unit =
                            (TestMoments.product(rows, first, first) * TestMoments.product(rows, second, second))
                            .squareRoot()
                        let error = first == second ? 1e-7 : 0x1p-12
                        let isNear = abs(found - expected) <= 1.01 * error * unit
                        if !isNear { Issue.record("\(site.site) \(first) \(second): \(found), \(expected)") }
                    }
                }
            }
        }
    }

    /// What the two kinds of model have, by llama.cpp's names of the tensors.
    @Test func names() throws {
        try Fixtures.withTemporaryDirectory { directory in
            func names(_ plan: DecoderPlan) throws -> [String] {
                try TestMoments.write(directory + "/file", plan: plan)
                return try GGUFFile(path: directory + "/file").tensors.map(\.name)
            }
            let dense = [
                "blk.0.attn_q+attn_k+attn_v", "blk.0.attn_output", "blk.0.ffn_gate+ffn_up", "blk.0.ffn_down", "output",
            ]
            let kinds = ["rows", "diagonal", "correlations"]
            let found = try names(TestMoments.plan(expertCount: nil, layerCount: 1))
            #expect(found == dense.flatMap { name in kinds.map { "\(name).\($0)" } })
            let routed = [
                "blk.0.attn_q+attn_k+attn_v", "blk.0.attn_output", "blk.0.ffn_gate_inp",
                "blk.0.ffn_gate_shexp+ffn_up_shexp", "blk.0.ffn_down_shexp", "blk.0.ffn_gate_exps+ffn_up_exps.0",
                "blk.0.ffn_down_exps.0", "blk.0.ffn_gate_exps+ffn_up_exps.1", "blk.0.ffn_down_exps.1",
            ]
            let foundRouted = try names(TestMoments.plan(expertCount: 2, layerCount: 1, tied: true))
            #expect(foundRouted == routed.flatMap { name in kinds.map { "\(name).\($0)" } })
        }
    }

    /// Inputs of 600 columns in blocks of at most 256: as many as are needed, of about the same length.
    @Test func namesOfBlocks() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let plan = TestMoments.plan(expertCount: 2, embeddingLength: 600, layerCount: 1)
            try TestMoments.write(directory + "/file", plan: plan, blocks: ColumnBlocks(greatestWidth: 256))
            let tensors = try GGUFFile(path: directory + "/file").tensors
            for name in ["blk.0.attn_q+attn_k+attn_v", "blk.0.ffn_gate_exps+ffn_up_exps.1", "output"] {
                let parts = tensors.filter { $0.name.hasPrefix(name + ":") && $0.name.hasSuffix(".diagonal") }
                #expect(parts.map(\.name) == (0..<3).map { "\(name):\($0).diagonal" })
                #expect(parts.map(\.shape.elementCount) == [256, 256, 88])
            }
            #expect(!tensors.contains { $0.name.contains("attn_output:") })
        }
    }

    @Test func sitesOfTensors() {
        let plan = TestMoments.plan(expertCount: 3, embeddingLength: 600)
        let cut = HessianSite.byTensor(of: plan, ColumnBlocks(greatestWidth: 512))
        #expect(
            cut["blk.1.ffn_up_exps.weight"]?.map { $0.map(\.columns) }
                == .init(repeating: [0..<256, 256..<600], count: 3))
        #expect(cut["blk.1.ffn_up_exps.weight"]?.map { $0.map(\.site.expert) } == [[0, 0], [1, 1], [2, 2]])
        #expect(cut["blk.1.ffn_up_exps.weight"]?[2][1].router == cut["blk.1.ffn_gate_inp.weight"]?[0][1])
        #expect(cut["blk.1.ffn_down_exps.weight"]?.map { $0.map(\.block) } == [[nil], [nil], [nil]])
        let sites = HessianSite.byTensor(of: TestMoments.plan, ColumnBlocks()).mapValues { $0.flatMap { $0 } }
        #expect(sites["blk.1.ffn_up_exps.weight"]?.map(\.site.expert) == [0, 1, 2])
        #expect(sites["blk.1.ffn_up_exps.weight"] == sites["blk.1.ffn_gate_exps.weight"])
        #expect(sites["blk.0.attn_v.weight"]?.map(\.columns) == [0..<8])
        #expect(sites["blk.0.ffn_down_exps.weight"]?.map(\.columns) == [0..<5, 0..<5, 0..<5])
        #expect(sites["output.weight"]?.map(\.site.input) == [.output])
        #expect(sites["token_embd.weight"] == nil && sites["blk.0.attn_norm.weight"] == nil)
    }

    /// A pass ends with an error where a sum has overflown, and leaves no file.
    @Test(arguments: [Float.infinity, .nan, -1])
    func sumsThatAreNone(value: Float) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let blocks = ColumnBlocks()
            let site = HessianSite.all(of: TestMoments.plan, blocks)[0]
            var moments = TestMoments.moments(TestMoments.rows(site, number: 0), columns: site.columns.count)
            moments.values[0] = value
            do {
                var writer = try HessianWriter(
                    path: directory + "/file", plan: TestMoments.plan, blocks: blocks, origin: TestMoments.origin)
                #expect(
                    throws: HessianError(
                        .nonFiniteMoments, path: directory + "/file", tensor: "blk.0.attn_q+attn_k+attn_v.diagonal")
                ) {
                    try writer.append(site.site, moments)
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
        }
    }
}
