import ByteJSON
import Checkpoints
import Foundation
import ModelArchitecture
import Models
import Parallelism
import Pipelines
import Runtime
import Tensors
import TestSupport
import Testing

/// Configurations and tensors as strangers have them, against transformers; see Tests/Generators/checkpoint_variants.py.
@Suite struct CheckpointVariantTests {
    /// A random model with other keys in its `config.json` and, if need be, other tensors.
    struct Variant: CustomTestStringConvertible {
        let name: String
        let model: String
        let changes: Data
        let tensors: String?
        let logits: [Float]

        var testDescription: String { name }

        static let all = Fixtures.cases(in: goldenFile) { _ in
            try #require(CheckpointVariantTests.golden()["cases"] as? [[String: Any]]).map { value in
                let changes = try #require(value["changes"] as? [String: Any])
                return Variant(
                    name: try #require(value["name"] as? String), model: try #require(value["model"] as? String),
                    changes: try JSONSerialization.data(withJSONObject: changes),
                    tensors: value["tensors"] as? String,
                    logits: try #require(value["logits"] as? [Double]).map { Float($0) })
            }
        }

        static func named(_ name: String) throws -> Variant {
            try #require(all.get().first { $0.name == name }, "no variant \(name)")
        }

        func withCheckpoint<R>(_ body: (_ checkpoint: String, _ output: String) throws -> R) throws -> R {
            try RandomModel.named(model).withCheckpoint { checkpoint, output in
                let changed = try JSONSerialization.jsonObject(with: changes) as? [String: Any] ?? [:]
                try configure(checkpoint) { keys in
                    for (key, value) in changed { keys[key] = value as? String == "absent" ? nil : value }
                }
                switch tensors {
                case "head is embedding":
                    try editTensors(checkpoint) { $0["lm_head.weight"] = $0["model.embed_tokens.weight"] }
                case "embedding is called head":
                    try editTensors(checkpoint) {
                        $0["lm_head.weight"] = $0.removeValue(forKey: "model.embed_tokens.weight")
                    }
                default: break
                }
                return try body(checkpoint, output)
            }
        }
    }

    private static let goldenFile = "golden/checkpoint_variants.json"

    private static func golden() throws -> [String: Any] {
        let data = try Data(contentsOf: URL(filePath: Fixtures.path(goldenFile)))
        return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test func thereAreVariants() throws { #expect(try Variant.all.get().count == 15) }

    @Test(arguments: try Variant.all.get())
    func checkpointAndFileHaveTheReferencesLogits(variant: Variant) throws {
        for row in [
            "checkpoints/tied-flag-stored-head", "checkpoints/tied-head-only",
            "checkpoints/rope-scaling-beside-parameters", "checkpoints/rope-parameters", "checkpoints/missing-keys",
            "checkpoints/null-window",
        ] {
            try Conformance.row(row)
        }
        let ids = try RandomModel.named(variant.model).ids
        try variant.withCheckpoint { checkpoint, output in
            let model = try Model.open(checkpoint)
            try expect(model, ids, variant.logits)
            _ = try Conversion(target: .f32, parallel: Parallel()).run(model, output: output) { _ in }
            try expect(Model.open(output), ids, variant.logits)
        }
    }

    private func expect(_ model: Model, _ ids: TokenSequence, _ expected: [Float]) throws {
        let logits = try #require(try ReferenceModel.logits(model.forwardPass(Parallel()), ids).last)
        let worst = largestDifference(logits, expected)
        #expect(logits.count == expected.count && worst < 2e-3, "worst logit difference \(worst)")
    }

    @Test func tiedHeadsAreKeptOnlyWhereTheyDiffer() throws {
        try Conformance.row("checkpoints/tied-flag-stored-head")
        try Variant.named("tied flag, stored head").withCheckpoint { path, _ in
            let model = try Model.open(path)
            #expect(!model.plan.tiesOutputToEmbedding)
            #expect(model.checkpoint?.notes.map(\.kind) == [.storedHeadKept])
            #expect(model.notes.first?.problem.contains("differs from the embedding") == true)
        }
        try Variant.named("tied flag, equal head").withCheckpoint { path, _ in
            let model = try Model.open(path)
            #expect(model.plan.tiesOutputToEmbedding)
            #expect(model.notes.isEmpty)
        }
        try Variant.named("tied, head only").withCheckpoint { path, _ in
            let model = try Model.open(path)
            #expect(model.checkpoint?.notes.map(\.kind) == [.headServesAsEmbedding])
        }
    }

    /// `(window, max_position_embeddings)` of Mistral: the context that remains.
    @Test(arguments: [
        (4096 as Int?, 32_768, 4096), (nil, 32_768, 4096), (nil, 2048, 2048), (8192, 8192, 8192), (16, 128, 16),
    ])
    func windowsEndTheContext(window: Int?, trained: Int, context: Int) throws {
        try Conformance.row("checkpoints/window-4096")
        try Conformance.row("checkpoints/missing-window")
        try RandomModel.named("mistral-window").withCheckpoint { path, output in
            try configure(path) { keys in
                keys["sliding_window"] = window
                keys["max_position_embeddings"] = trained
            }
            let model = try Model.open(path)
            #expect(model.plan.contextLength == context)
            let kinds = model.checkpoint?.notes.map(\.kind)
            let note = CheckpointNote.Kind.contextEndsWithWindow(
                window: window ?? 4096, contextLength: trained, isAssumed: window == nil)
            #expect(kinds == (context < trained ? [note] : []))
            _ = try Conversion(target: .f32, parallel: Parallel()).run(model, output: output) { _ in }
            #expect(try Model.open(output).plan.contextLength == context)
        }
    }

    /// The tensors say that there are shared experts, and how many.
    @Test(arguments: ["xverse-moe-a36b", "xverse-moe-1-expert-head-80", "xverse-moe-no-shared"])
    func sharedExpertsAreSeenFromTheTensors(name: String) throws {
        try Conformance.row("checkpoints/shared-experts-left-out")
        try Conformance.row("checkpoints/xverse-moe-class")
        let random = try RandomModel.named(name)
        try random.withCheckpoint { path, _ in
            try configure(path) { $0["num_shared_experts"] = nil }
            let logits = try ReferenceModel.logits(Model.open(path).forwardPass(Parallel()), random.ids)
            let worst = zip(logits, try random.expectedLogits()).map { largestDifference($0, $1) }.max()
            #expect(worst ?? .infinity < 2e-3)
        }
    }

    /// What XVERSE's class takes for them: 6 of 64 experts.
    @Test func missingExpertCountsAreNamed() throws {
        try Conformance.row("checkpoints/expert-counts-left-out")
        try RandomModel.named("xverse-moe-10-experts").withCheckpoint { path, _ in
            try configure(path) { keys in
                keys["num_experts"] = nil
                keys["moe_top_k"] = nil
            }
            let error = #expect(throws: CheckpointError.self) { try Model.open(path) }
            #expect(error?.kind == .wrongShape(found: [10, 32], expected: [64, 32]))
            #expect(error?.diagnostic.advice?.description.contains("moe_top_k = 6, num_experts = 64") == true)
            try configure(path) { $0["num_experts"] = 10 }
            #expect(try Model.open(path).plan.experts?.usedCount == 6)
        }
    }

    /// Experts in F32, F16 and BF16 side by side: what torch makes of them as float32.
    @Test func expertsOfSeveralTypes() throws {
        try Conformance.row("checkpoints/mixed-expert-types")
        let random = try RandomModel.named("mixtral-10-experts-gqa-8")
        try random.withCheckpoint { path, output in
            try editTensors(path) { tensors in
                // Small multiples of powers of two: exact in all three types.
                for (expert, type) in [(0, "F16"), (3, "F32"), (7, "F16")] {
                    for matrix in ["w1", "w2"] {
                        let name = "model.layers.1.block_sparse_moe.experts.\(expert).\(matrix).weight"
                        tensors[name] = tensors[name]?.converted(to: type)
                    }
                }
                let name = "model.layers.0.block_sparse_moe.experts.2.w3.weight"
                tensors[name] = tensors[name]?.converted(to: "F16")
            }
            let model = try Model.open(path)
            let types = ["blk.0.ffn_up_exps.weight", "blk.1.ffn_gate_exps.weight", "blk.1.ffn_up_exps.weight"].map {
                name in
                model.tensors.tensors.first { $0.name == name }?.type
            }
            #expect(types == [.f32, .f32, .bf16])
            guard case .expertTypesWidened(let stored, "F32", 3)? = model.checkpoint?.notes.first?.kind else {
                Issue.record("\(model.notes)")
                return
            }
            #expect(stored == ["BF16", "F16"])
            _ = try Conversion(target: .auto, parallel: Parallel()).run(model, output: output) { _ in }
            for model in [model, try Model.open(output)] {
                let logits = try ReferenceModel.logits(model.forwardPass(Parallel()), random.ids)
                let worst = zip(logits, try random.expectedLogits()).map { largestDifference($0, $1) }.max()
                #expect(worst ?? .infinity < 2e-3)
            }
        }
    }

    @Test(arguments: [ExpertNormalization.on, .off, .auto])
    func normalizationCanBeChosen(choice: ExpertNormalization) throws {
        try Conformance.row("checkpoints/normalize-experts")
        let random = try RandomModel.named("xverse-moe-unnormalised-yarn")
        try random.withCheckpoint { path, output in
            // The checkpoint that computes without says nothing: its reference is that of "off".
            try configure(path) { $0["norm_topk_prob"] = nil }
            let model = try Model.open(path, expertNormalization: choice)
            #expect(model.plan.experts?.normalizesWeights == (choice != .off))
            _ = try Conversion(target: .f32, parallel: Parallel()).run(model, output: output) { _ in }
            let file = try Model.open(output)
            #expect(file.plan.experts?.normalizesWeights == (choice != .off))
            #expect(
                file.metadata.string("swage.experts.normalization") == (choice == .auto ? nil : choice.rawValue))
            let logits = try ReferenceModel.logits(file.forwardPass(Parallel()), random.ids)
            let worst = zip(logits, try random.expectedLogits()).map { largestDifference($0, $1) }.max() ?? .infinity
            #expect((worst < 2e-3) == (choice == .off))
            #expect(throws: ModelError.self) {
                try Model.open(output, expertNormalization: choice == .off ? .on : .off)
            }
        }
    }
}

/// Changes the object of a checkpoint's `config.json`.
private func configure(_ checkpoint: String, _ change: (inout [String: Any]) throws -> Void) throws {
    let url = URL(filePath: checkpoint + "/config.json")
    var keys = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    try change(&keys)
    try JSONSerialization.data(withJSONObject: keys).write(to: url)
}

/// A tensor of a safetensors file.
private struct FiledTensor {
    let type: String
    let shape: [Int]
    let data: Data

    /// BF16 as F16 or F32.
    func converted(to type: String) -> FiledTensor {
        var bytes = Data()
        for place in stride(from: data.startIndex, to: data.endIndex, by: 2) {
            let value = BFloat16(bitPattern: UInt16(data[place]) | UInt16(data[place + 1]) << 8).floatValue
            if type == "F32" {
                withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
            } else {
                withUnsafeBytes(of: Float16(value).bitPattern.littleEndian) { bytes += $0 }
            }
        }
        return FiledTensor(type: type, shape: shape, data: bytes)
    }
}

/// Changes the tensors of a checkpoint of one safetensors file.
private func editTensors(_ checkpoint: String, _ change: (inout [String: FiledTensor]) throws -> Void) throws {
    let url = URL(filePath: checkpoint + "/model.safetensors")
    let file = try Data(contentsOf: url)
    let length = file.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let object = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length))
    var tensors: [String: FiledTensor] = [:]
    for (name, entry) in try #require(object as? [String: [String: Any]]) {
        guard let type = entry["dtype"] as? String, let shape = entry["shape"] as? [Int],
            let offsets = entry["data_offsets"] as? [Int]
        else { continue }
        tensors[name] = FiledTensor(
            type: type, shape: shape, data: file.dropFirst(8 + length + offsets[0]).prefix(offsets[1] - offsets[0]))
    }
    try change(&tensors)
    var header: [String: Any] = [:]
    var data = Data()
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
        header[name] = [
            "dtype": tensor.type, "shape": tensor.shape, "data_offsets": [data.count, data.count + tensor.data.count],
        ]
        data += tensor.data
    }
    let json = try JSONSerialization.data(withJSONObject: header)
    try (Data((0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }) + json + data).write(to: url)
}
