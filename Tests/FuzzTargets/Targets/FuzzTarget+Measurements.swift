import ErrorFeedback
import Files
import GGUF
import Hessians
import Importance
import ModelArchitecture
import Tensors
import TestSupport

extension FuzzTarget {
    /// What is known of a model's inputs.
    static let measurements: [FuzzTarget] = [
        FuzzTarget("imatrix-gguf", .binary, words: imatrixWords) { workplace in
            try [writtenImportance(.gguf, in: workplace)] + fixtures("golden/predictions/importance.gguf")
        } prepare: { workplace in
            { bytes in try useImportance(workplace.write(bytes, as: "importance"), in: workplace) }
        },
        FuzzTarget("imatrix-dat", .binary, words: imatrixWords) { workplace in
            try [writtenImportance(.legacy, in: workplace)]
        } prepare: { workplace in
            { bytes in try useImportance(workplace.write(bytes, as: "importance"), in: workplace) }
        },
        FuzzTarget(
            "hessian", .binary,
            words: [
                "general.type", "hessian", "hessian.datasets", "hessian.chunk_count", "hessian.chunk_size",
                "hessian.block_width", "hessian.model", ".rows", ".diagonal", ".correlations",
            ]
        ) { workplace in
            try [nil, 3].map { expertCount in
                let path = workplace.file("seed.gguf")
                let plan = momentPlan(expertCount: expertCount)
                let origin = HessianOrigin(model: "small", datasets: ["a text", "b"], chunkCount: 7, chunkSize: 64)
                var writer = try HessianWriter(path: path, plan: plan, blocks: ColumnBlocks(), origin: origin)
                for site in HessianSite.all(of: plan, ColumnBlocks()) {
                    let n = site.columns.count
                    let values = (0..<n * n).map { Float($0 / n == $0 % n ? 2 + $0 % 7 : 1) }
                    try writer.append(
                        site.site, block: site.block ?? 0, SecondMoments(columns: n, values: values, rowCount: 9))
                }
                try writer.finish()
                return try ReadableFile.contents(of: path)
            }
        } prepare: { workplace in
            { bytes in
                let path = try workplace.write(bytes, as: "hessian.gguf")
                var refusal: (any Error)?
                for expertCount in [nil, 3] {
                    do {
                        try useMoments(path, momentPlan(expertCount: expertCount))
                        return
                    } catch {
                        refusal = error
                    }
                }
                if let refusal { throw refusal }
            }
        },
    ]

    private static let imatrixWords = [
        "general.type", "imatrix", "imatrix.datasets", "imatrix.chunk_count", "imatrix.chunk_size", ".in_sum2",
        ".counts",
        "blk.0.attn_q.weight", "blk.0.ffn_down_exps.weight", "output.weight",
    ]

    private static let importanceTensors = [
        TensorDescriptor(name: "blk.0.attn_q.weight", shape: TensorShape([8, 4])!, type: .f32)!,
        TensorDescriptor(name: "blk.0.ffn_down_exps.weight", shape: TensorShape([6, 4, 3])!, type: .f32)!,
    ]

    private static func writtenImportance(_ form: ImportanceMatrix.Form, in workplace: Workplace) throws -> [UInt8] {
        let entries = importanceTensors.map { tensor in
            let (rowLength, count) = (tensor.shape.rowLength, tensor.shape.matrixCount)
            return (
                tensor.name,
                ImportanceMatrix.Entry(
                    rowLength: rowLength, sums: (0..<rowLength * count).map { Float($0) / 4 },
                    counts: (0..<count).map { Float(5 + $0) })!
            )
        }
        let matrix = ImportanceMatrix(
            entries: Dictionary(uniqueKeysWithValues: entries), datasets: ["text.txt"], chunkCount: 3, chunkSize: 64)
        let path = workplace.file("seed")
        try matrix.write(to: path, form: form)
        return try ReadableFile.contents(of: path)
    }

    private static func useImportance(_ path: String, in workplace: Workplace) throws {
        let matrix = try ImportanceMatrix(contentsOf: path)
        for entry in matrix.entries.values {
            for expert in 0..<min(entry.expertCount, 16) {
                _ = entry.statistics(expert: expert)
                _ = entry.weights(expert: expert)
            }
            _ = entry.expertCount(below: 1)
        }
        do {
            var sum = matrix
            try sum.merge(matrix)
            for tensor in importanceTensors {
                _ = try matrix.weights(for: tensor)
                _ = try matrix.stackWeights(for: tensor)
            }
        } catch let error as ImportanceError {
            // A matrix of other tensors; those who use it know the files.
            _ = error.diagnostic
        }
        _ = matrix.padded(like: importanceTensors)
        guard !matrix.entries.isEmpty else { return }
        for form in [ImportanceMatrix.Form.gguf, .legacy] {
            let written = workplace.file("written")
            do {
                try matrix.write(to: written, form: form)
            } catch is any DiagnosticError {
                // Names that are too long for GGUF, and experts that saw nothing in the older form.
                continue
            }
            do {
                _ = try ImportanceMatrix(contentsOf: written)
            } catch {
                throw FuzzFinding("an importance matrix that is accepted and, once written, refused: \(error)")
            }
        }
    }

    private static func momentPlan(expertCount: Int?) -> DecoderPlan {
        DecoderPlan(
            architecture: .llama, layerCount: 1, embeddingLength: 8, contextLength: 64, vocabularySize: 16,
            attention: .init(headCount: 3, keyValueHeadCount: 1, headLength: 4),
            rope: .init(frequencyBase: 1e4, dimensionCount: 4),
            feedForward: expertCount.map {
                .experts(
                    .init(
                        count: $0, usedCount: 2, length: 5, sharedCount: 1, normalizesWeights: true, weightScale: 1))
            } ?? .dense(length: 10), normEpsilon: 1e-5, tiesOutputToEmbedding: false)
    }

    private static func useMoments(_ path: String, _ plan: DecoderPlan) throws {
        let file = try HessianFile(path: path, plan: plan)
        for site in HessianSite.all(of: plan, file.blocks) {
            _ = file.rowCount(site)
            _ = try file.diagonal(site)
            _ = try file.moments(site).meanSquare
        }
    }
}
