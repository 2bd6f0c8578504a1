import ErrorFeedback
import Hessians
import ModelArchitecture
import Runtime
import Tensors
import TestSupport
import Testing

/// Files of models whose experts are padded to multiples of 256, or not.
@Suite("Second moments and padding")
struct HessianPaddingTests {
    private static func plan(_ expertLength: Int, sharedCount: Int = 1) -> DecoderPlan {
        TestMoments.plan(expertCount: 2, layerCount: 1, expertLength: expertLength, sharedCount: sharedCount)
    }

    /// Writes a file of a plan whose inputs behind `width` columns of each expert's down projection, and behind as many for each
    /// shared expert, are zero.
    private static func write(
        _ path: String, _ plan: DecoderPlan, width: Int, blocks: ColumnBlocks, extra: Double = 0
    ) throws {
        var writer = try HessianWriter(path: path, plan: plan, blocks: blocks, origin: TestMoments.origin)
        for (number, site) in HessianSite.all(of: plan, blocks).enumerated() {
            let columns = site.columns.count
            var used = columns
            switch site.site.input {
            case .expertsDown: used = min(columns, width - site.columns.lowerBound)
            case .sharedDown: used = min(columns, width * (plan.experts?.sharedCount ?? 1) - site.columns.lowerBound)
            default: break
            }
            let rows = TestMoments.rows(used, count: 2, seed: number).map {
                $0 + [Double](repeating: extra, count: columns - used)
            }
            try writer.append(site.site, block: site.block ?? 0, TestMoments.moments(rows, columns: columns))
        }
        try writer.finish()
    }

    /// Also in blocks of 256 columns, of which the last is narrower without padding.
    @Test(arguments: [(5, 256, 1), (5, 256, 2), (300, 512, 1)])
    func comesAndGoes(narrow: Int, wide: Int, sharedCount: Int) throws {
        try Conformance.row("quantizing/hessian-padding")
        let blocks = ColumnBlocks(greatestWidth: sharedCount > 1 ? 512 : 256)
        try Fixtures.withTemporaryDirectory { directory in
            let plans = [Self.plan(narrow, sharedCount: sharedCount), Self.plan(wide, sharedCount: sharedCount)]
            let paths = [directory + "/narrow", directory + "/wide"]
            for (path, plan) in zip(paths, plans) { try Self.write(path, plan, width: narrow, blocks: blocks) }
            for plan in plans {
                let files = try paths.map { try HessianFile(path: $0, plan: plan) }
                for site in HessianSite.all(of: plan, blocks) {
                    let (a, b) = (try files[0].moments(site), try files[1].moments(site))
                    #expect(a.columns == site.columns.count && a.rowCount == b.rowCount)
                    #expect(a.values == b.values, "\(site)")
                    #expect(try files[0].diagonal(site) == files[1].diagonal(site))
                }
            }
        }
    }

    /// Other widths, and columns that saw something where the model has none.
    @Test(arguments: [(5, 512, 0), (256, 5, 1e-3), (300, 256, 0)])
    func isRefused(found: Int, wanted: Int, extra: Double) throws {
        try Conformance.row("quantizing/hessian-padding-refused")
        try Fixtures.withTemporaryDirectory { directory in
            let path = directory + "/file"
            let blocks = ColumnBlocks(greatestWidth: 1024)
            try Self.write(path, Self.plan(found), width: min(found, wanted), blocks: blocks, extra: extra)
            let error = #expect(throws: HessianError.self) {
                try HessianFile(path: path, plan: Self.plan(wanted))
            }
            #expect(
                error?.kind == .wrongShape(found: try #require(TensorShape([found])), expected: TensorShape([wanted])!))
            #expect(error?.path == path && error?.tensor?.contains("_down_") == true)
        }
    }
}
