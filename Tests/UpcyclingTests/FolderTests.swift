import ByteJSON
import Files
import Foundation
import Models
import Pipelines
import Synchronization
import TestSupport
import Testing
import Upcycling

/// The folder that is written.
@Suite struct FolderTests {
    private static let shape = Shape(8, 6, granularity: 4, shared: 2)

    @Test(arguments: [UpcyclingOptions.Perturbation.none, .noise(0.05), .drop(0.5)])
    func bytesDoNotDependOnTheThreads(perturbation: UpcyclingOptions.Perturbation) throws {
        try DenseModel.mistral.withCheckpoint { checkpoint, output in
            let options = Self.shape.options(perturbation: perturbation)
            for threads in 1...3 {
                try upcycle(checkpoint, to: "\(output)-\(threads)", options, threads: threads, shardByteCount: 30_000)
            }
            let first = try contents(of: output + "-1")
            #expect(first.count > 5)
            #expect(try contents(of: output + "-2") == first && contents(of: output + "-3") == first)
            // Another seed, another router.
            var other = options
            other.seed = 2
            try upcycle(checkpoint, to: output + "-other", other, shardByteCount: 30_000)
            #expect(try contents(of: output + "-other") != first)
        }
    }

    /// What is in the folder, and that nothing else is.
    @Test func isAWholeCheckpoint() throws {
        try DenseModel.mistral.withCheckpoint { checkpoint, output in
            try Data("{\"eos_token_id\": 1}".utf8).write(to: URL(filePath: checkpoint + "/generation_config.json"))
            try upcycle(checkpoint, to: output + "/", Self.shape.options(), shardByteCount: 80_000)
            let names = try FileManager.default.contentsOfDirectory(atPath: output).sorted()
            let shards = names.filter { $0.hasPrefix("model-") }
            #expect(shards.count > 1)
            #expect(
                names
                    == (shards + [
                        "README.md", "config.json", "generation_config.json", "model.safetensors.index.json",
                        "tokenizer.json", "tokenizer_config.json",
                    ]).sorted())
            for name in ["generation_config.json", "tokenizer.json", "tokenizer_config.json"] {
                #expect(
                    try ReadableFile.contents(of: "\(output)/\(name)")
                        == ReadableFile.contents(of: "\(checkpoint)/\(name)"))
            }
            let model = try Model.open(output)
            #expect(model.plan.experts?.count == 8 && model.plan.experts?.sharedCount == 2)
            #expect(model.notes.isEmpty || model.notes.allSatisfy { !$0.problem.contains("index") })
        }
    }

    /// Keys of the family, and for those that the dense configuration leaves out what its class takes.
    @Test func configuration() throws {
        let changes = [("  \"rms_norm_eps\": 1e-05,\n", ""), ("\"sliding_window\": 128,\n", "")]
        try DenseModel.mistral.withCheckpoint(changes: changes) { checkpoint, output in
            try upcycle(checkpoint, to: output, Shape(8, 4, granularity: 4).options())
            let mixtral = try JSON(contentsOf: output + "/config.json")
            #expect(mixtral["architectures"]?.array?.first?.string == "MixtralForCausalLM")
            #expect(mixtral["model_type"]?.string == "mixtral" && mixtral["num_local_experts"]?.integer == 8)
            #expect(mixtral["num_experts_per_tok"]?.integer == 4 && mixtral["intermediate_size"]?.integer == 12)
            #expect(mixtral["num_key_value_heads"]?.integer == 2 && mixtral["head_dim"]?.integer == 10)
            // Mistral's, which are not Mixtral's.
            #expect(mixtral["rms_norm_eps"]?.double == 1e-6 && mixtral["sliding_window"]?.integer == 4096)
            #expect(mixtral["torch_dtype"]?.string == "bfloat16" && mixtral["auto_map"] == nil)
            try upcycle(checkpoint, to: output + "-2", Self.shape.options())
            let xverse = try JSON(contentsOf: output + "-2/config.json")
            #expect(xverse["num_experts"]?.integer == 8 && xverse["num_shared_experts"]?.integer == 2)
            #expect(xverse["moe_top_k"]?.integer == 6 && xverse["norm_topk_prob"]?.bool == true)
            #expect(xverse["num_local_experts"] == nil && xverse["model_type"]?.string == "xverse")
        }
    }

    /// A run that ended early is gone on with behind the files that are complete, to the same bytes.
    @Test func goesOnAfterAnInterruption() throws {
        try DenseModel.xverse.withCheckpoint { checkpoint, output in
            let options = Self.shape.options()
            try upcycle(checkpoint, to: output + "-whole", options, shardByteCount: 30_000)
            // Something that no file can replace is in the way of the third file.
            let third = try #require(
                try FileManager.default.contentsOfDirectory(atPath: output + "-whole").first {
                    $0.hasPrefix("model-00003")
                })
            try FileManager.default.createDirectory(atPath: output + "/upcycle.work", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(atPath: "\(output)/\(third)", withIntermediateDirectories: false)
            #expect(throws: FileError.self) {
                try upcycle(checkpoint, to: output, options, shardByteCount: 30_000)
            }
            #expect(!FileManager.default.fileExists(atPath: output + "/config.json"))
            try FileManager.default.removeItem(atPath: "\(output)/\(third)")
            // Another run does not go on with it.
            #expect(throws: (any Error).self) {
                try upcycle(checkpoint, to: output, Self.shape.options(seed: 5), shardByteCount: 30_000)
            }
            let notes = Mutex<[String]>([])
            try upcycle(checkpoint, to: output, options, shardByteCount: 30_000) { event in
                if case .note(let text) = event { notes.withLock { $0.append("\(text)") } }
            }
            #expect(notes.withLock { $0.contains { $0.hasPrefix("going on after file 2 of ") } })
            #expect(try contents(of: output) == contents(of: output + "-whole"))
        }
    }

    /// A complete file that was damaged since is written again.
    @Test func damagedFilesAreWrittenAgain() throws {
        try Conformance.row("upcycling/a-damaged-file-of-an-interrupted-run")
        try DenseModel.xverse.withCheckpoint { checkpoint, output in
            let options = Self.shape.options()
            try upcycle(checkpoint, to: output + "-whole", options, shardByteCount: 30_000)
            let names = try FileManager.default.contentsOfDirectory(atPath: output + "-whole").filter {
                $0.hasPrefix("model-0")
            }.sorted()
            try FileManager.default.createDirectory(atPath: output + "/upcycle.work", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: "\(output)/\(names[2])", withIntermediateDirectories: false)
            #expect(throws: FileError.self) {
                try upcycle(checkpoint, to: output, options, shardByteCount: 30_000)
            }
            try FileManager.default.removeItem(atPath: "\(output)/\(names[2])")
            var data = try Data(contentsOf: URL(filePath: "\(output)/\(names[1])"))
            data[data.count - 1] ^= 1
            try data.write(to: URL(filePath: "\(output)/\(names[1])"))
            try upcycle(checkpoint, to: output, options, shardByteCount: 30_000)
            #expect(try contents(of: output) == contents(of: output + "-whole"))
        }
    }

    /// What is in the way stays, unless it may be replaced; weights of others stay in any case.
    @Test func filesInTheWay() throws {
        try Conformance.row("upcycling/other-weights-in-the-folder")
        try DenseModel.xverse.withCheckpoint { checkpoint, output in
            func kind(replaces: Bool, to path: String) -> UpcyclingError.Kind? {
                do {
                    try upcycle(checkpoint, to: path, Self.shape.options(), replacesFiles: replaces)
                    return nil
                } catch {
                    return (error as? UpcyclingError)?.kind
                }
            }
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: false)
            let weights = output + "/pytorch_model.bin"
            try Data([1]).write(to: URL(filePath: weights))
            #expect(kind(replaces: false, to: output) == .folderNotEmpty(weights))
            #expect(kind(replaces: true, to: output) == .otherWeights(weights))
            try FileManager.default.removeItem(atPath: weights)
            for name in ["model.safetensors", "config.json", "notes.txt"] {
                try Data([1]).write(to: URL(filePath: "\(output)/\(name)"))
            }
            #expect(kind(replaces: true, to: output) == nil)
            #expect(try ReadableFile.contents(of: output + "/notes.txt") == [1])
            _ = try Model.open(output)
            #expect(kind(replaces: false, to: checkpoint + "/config.json") == .notAFolder)
            #expect(throws: OutputIsInput.self) {
                try upcycle(checkpoint, to: checkpoint, Self.shape.options(), replacesFiles: true)
            }
        }
    }

    @Test func tooLittleMemory() throws {
        try DenseModel.xverse.withCheckpoint { checkpoint, output in
            var upcycling = ExpertUpcycling(options: Self.shape.options())
            upcycling.compute.memory = .init(byteCount: 1000)
            let plan = try upcycling.plan(Model.open(checkpoint))
            let error = #expect(throws: UpcyclingError.self) { try upcycling.run(plan, output: output) }
            guard case .notEnoughMemory? = error?.kind else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.diagnostic.fault == .room)
        }
    }
}
