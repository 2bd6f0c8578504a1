import Calibration
import ErrorFeedback
import Evaluation
import Files
import GGUF
import Models
import Parallelism
import Pipelines
import Recipes
import TestSupport
import Testing

/// Calibration of matrices that are fitted in blocks of columns, and of the others beside them.
@Suite struct ColumnBlockTests {
    private static func texts(_ folder: String, _ names: String...) throws -> [EvaluationText] {
        try names.map { try EvaluationText(contentsOf: Fixtures.path("text/\(folder)/\($0).txt")) }
    }

    /// Quantizes a model, and says how far its predictions then are from what they were.
    ///
    /// - Parameter width: the widest metric; nil quantizes without calibration.
    private static func quantize(
        _ model: Model, to output: String, type: String, importance: String? = nil, hessian: String? = nil,
        context: Int, width: Int?,
        threadCount: Int? = nil
    ) throws -> (file: GGUFFile, divergence: Double) {
        let parallel = Parallel(threadCount: threadCount)
        var guidance: Quantization.Guidance =
            hessian.map { .hessian(HessianFitting(path: $0)) } ?? importance.map { .importance($0) } ?? .none
        let cut = WindowCut(context: context, windowLimit: 4)
        if let width {
            var policy = CalibrationPolicy()
            policy.columnBlocks = ColumnBlocks(greatestWidth: width)
            guidance = .texts(
                TextFitting(CalibrationTexts(try texts("calib", "fiction-en", "web-zh"), cut: cut), policy: policy))
        }
        _ = try Quantization(recipe: try Recipe(named: type), parallel: parallel)
            .plan(QuantizationInputs(model, guidance: guidance)).write(to: output) { _ in }
        // Of few windows the divergence moves by a tenth with the last bits of products.
        let windows = WindowCut(context: context, windowLimit: 13)
        let measured = CalibrationTexts(
            try texts("eval", "fiction-en", "web-zh"), cut: windows, heldOutCount: 12)
        let divergence = try HeldOutDivergence(measured, compute: Compute(parallel: parallel))
            .run(Model.open(output), from: model).divergence
        return (try GGUFFile(path: output), divergence)
    }

    /// The shared experts' down matrices, of 512 columns, are the only ones wider than 256.
    @Test func leavesAloneWhatIsNotWide() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let model = try Model.open(ReferenceModel.xverseMoE.path)
            let importance = folder + "/importance.gguf"
            _ = try ImportanceCollection(
                ActivationCollection(cut: WindowCut(context: 256, windowLimit: 4)), parallel: Parallel()
            ).run(model, texts: try Self.texts("calib", "fiction-en", "web-zh"), output: importance) { _ in }
            let plain = try Self.quantize(
                model, to: folder + "/plain.gguf", type: "IQ2_XXS", importance: importance, context: 256, width: nil)
            let whole = try Self.quantize(
                model, to: folder + "/whole.gguf", type: "IQ2_XXS", context: 256, width: 8192)
            let cut = try Self.quantize(model, to: folder + "/cut.gguf", type: "IQ2_XXS", context: 256, width: 256)
            #expect(cut.file.tensors == plain.file.tensors && cut.file.tensors == whole.file.tensors)
            // Nothing else of the first layer follows the shared down matrix's outputs.
            let wide = "blk.0.ffn_down_shexp.weight"
            for (index, tensor) in cut.file.tensors.enumerated()
            where tensor.name.hasPrefix("blk.0.") || tensor.name == "token_embd.weight" {
                let isSame = try cut.file.bytes(index) == whole.file.bytes(index)
                #expect(isSame == (tensor.name != wide), "\(tensor.name)")
            }
            #expect(cut.file.tensors.contains { $0.name == wide && $0.shape.rowLength == 512 })
            #expect(cut.divergence < 0.6 * plain.divergence, "\(cut.divergence), \(plain.divergence)")
            #expect(cut.divergence < 1.1 * whole.divergence, "\(cut.divergence), \(whole.divergence)")
        }
    }

    /// Experts' down matrices of 1792 columns, in blocks of 256 and 512.
    @Test func cutsExperts() throws {
        try RandomModel.named("xverse-moe-width-1728").withCheckpoint { checkpoint, output in
            let model = try Model.open(checkpoint)
            func quantize(width: Int?, threadCount: Int) throws -> (bytes: [UInt8], divergence: Double) {
                let result = try Self.quantize(
                    model, to: output, type: "Q2_K", context: 64, width: width, threadCount: threadCount)
                #expect(result.file.tensors.contains { $0.name.contains("down_exps") && $0.type.isQuantized })
                return (try ReadableFile.contents(of: output), result.divergence)
            }
            let plain = try quantize(width: nil, threadCount: 2)
            let cut = try quantize(width: 512, threadCount: 1)
            #expect(try quantize(width: 512, threadCount: 3).bytes == cut.bytes)
            #expect(cut.divergence < plain.divergence, "\(cut.divergence), \(plain.divergence)")
        }
    }

    /// Second moments in files are cut as the calibration's are: the same matrices differ from those fitted whole.
    @Test func cutsFiles() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let model = try Model.open(ShallowCheckpoint.path())
            func fit(width: Int, threadCount: Int) throws -> (file: GGUFFile, divergence: Double) {
                let moments = folder + "/\(width)-\(threadCount).hessian.gguf"
                let parallel = Parallel(threadCount: threadCount)
                _ = try HessianCollection(
                    ActivationCollection(cut: WindowCut(context: 256, windowLimit: 4)),
                    columnBlocks: ColumnBlocks(greatestWidth: width), parallel: parallel
                ).run(model, texts: try Self.texts("calib", "fiction-en", "web-zh"), output: moments) { _ in }
                return try Self.quantize(
                    model, to: folder + "/\(width)-\(threadCount).gguf", type: "IQ2_XXS", hessian: moments,
                    context: 256, width: nil, threadCount: threadCount)
            }
            let whole = try fit(width: 512, threadCount: 2)
            let cut = try fit(width: 256, threadCount: 2)
            let again = try fit(width: 256, threadCount: 1)
            for (index, tensor) in cut.file.tensors.enumerated() {
                #expect(try cut.file.bytes(index) == again.file.bytes(index))
                let isSame = try cut.file.bytes(index) == whole.file.bytes(index)
                #expect(isSame != tensor.name.contains("ffn_down_shexp.weight"), "\(tensor.name)")
            }
            #expect(cut.divergence < 1.1 * whole.divergence, "\(cut.divergence), \(whole.divergence)")
        }
    }

    /// What types cost in wide matrices is what they cost in the first block of columns.
    @Test func samplesTheFirstBlock() throws {
        let model = try Model.open(ShallowCheckpoint.path())
        func sensitivity(width: Int) throws -> Sensitivity {
            let texts = CalibrationTexts(
                try Self.texts("calib", "fiction-en"), cut: WindowCut(context: 256, windowLimit: 5), heldOutCount: 1)
            var policy = CalibrationPolicy()
            policy.columnBlocks = ColumnBlocks(greatestWidth: width)
            return try SensitivityProbing(texts, policy: policy).run(model)
        }
        let (whole, cut) = (try sensitivity(width: 512), try sensitivity(width: 256))
        #expect(whole.matrices.map(\.name) == cut.matrices.map(\.name))
        for (a, b) in zip(whole.matrices, cut.matrices) {
            let isWide = a.name.contains("ffn_down_shexp")
            #expect((a.errors == b.errors) == !isWide, "\(a.name)")
            for (type, error) in a.errors {
                let ratio = try #require(b.errors[type]) / error
                #expect(0.5 < ratio && ratio < 2, "\(a.name) \(type.name)")
            }
        }
    }
}

extension GGUFFile {
    /// The stored bytes of a tensor.
    fileprivate func bytes(_ index: Int) throws -> [UInt8] {
        let tensor = tensors[index]
        return try [UInt8](unsafeUninitializedCapacity: tensor.byteCount) { buffer, count in
            try readRows(
                ofTensorAt: index, rows: 0..<tensor.shape.rowCount, into: UnsafeMutableRawBufferPointer(buffer))
            count = tensor.byteCount
        }
    }
}
