import Checkpoints
import Files
import Manifests
import Models
import Numerics
import SafetensorsIO
import Tensors
import Upcycling

/// Makes a mixture of experts of a dense checkpoint: a complete checkpoint in a folder of its own.
public struct ExpertUpcycling: Sendable {
    /// What the model is to become.
    public var options: UpcyclingOptions
    /// The most bytes of tensors in a file of weights.
    public var shardByteCount = 5_000_000_000
    /// Whether what an earlier run has kept is removed, not gone on with.
    public var isRestarting = false
    /// Whether the files of another checkpoint in the folder are replaced.
    public var replacesFiles = false
    /// What the work is done with, and who is told of its progress.
    public var compute: Compute

    /// A way to make mixtures of experts.
    ///
    /// - Parameters:
    ///   - options: What the model is to become.
    ///   - compute: What the work is done with, and who is told of its progress.
    public init(options: UpcyclingOptions, compute: Compute = Compute()) {
        self.options = options
        self.compute = compute
    }

    /// What would be written.
    public struct Plan: Sendable {
        /// The experts and what they compute.
        public let upcycling: UpcyclingPlan
        /// The tensors, as they are written.
        public let tensors: UpcycledTensors
        /// The files of weights and the tensors of each.
        package let shards: SafetensorsShards
        /// The size of each of them in bytes.
        public let shardByteCounts: [Int]
        let dense: Model
        let checkpoint: Checkpoint
        let manifest: Manifest
        let shardMetadata: [SafetensorsFile.Metadata]

        /// The size of all files of weights in bytes.
        public var byteCount: Int { shardByteCounts.reduce(0, +) }

        /// The bytes of the matrices of one routed expert in all layers.
        var expertByteCount: Int {
            tensors.tensors.filter { $0.name.contains(".experts.0.") }.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// What was written.
    public struct Outcome: Sendable {
        /// The folder.
        public let path: String
        /// The files in it.
        public let paths: [String]
    }

    /// Plans the result, of which nothing is written.
    ///
    /// - Parameter dense: A dense model in a checkpoint.
    /// - Throws: `UpcyclingError` with what would work if the options do not suit the model, and errors of reading it.
    public func plan(_ dense: Model) throws -> Plan {
        guard let checkpoint = dense.checkpoint else { throw UpcyclingError(.notACheckpoint, file: dense.path) }
        let upcycling = try UpcyclingPlan(checkpoint, options)
        let tensors = try UpcycledTensors(checkpoint, upcycling)
        let entries = tensors.tensors.map { tensor -> SafetensorsEntry in
            guard let type = tensor.type.safetensors,
                let entry = SafetensorsEntry(name: tensor.name, type: type, shape: tensor.shape.dimensions.reversed())
            else { preconditionFailure("weights of checkpoints are plain numbers") }
            return entry
        }
        guard let shards = SafetensorsShards(entries, byteCountLimit: shardByteCount) else {
            throw UpcyclingError(.tooManyShards(byteCount: shardByteCount), file: dense.path)
        }
        let manifest = Manifest([try InputRecord("model", dense)], options: options.manifestOptions(upcycling))
        let metadata = try UpcycledCard.shardMetadata(manifest)
        return Plan(
            upcycling: upcycling, tensors: tensors, shards: shards,
            shardByteCounts: try SafetensorsShardWriter.byteCounts(of: shards, metadata: metadata), dense: dense,
            checkpoint: checkpoint, manifest: manifest, shardMetadata: metadata)
    }

    /// Writes the checkpoint, or goes on with it: the weights, file by file, what describes them, and `config.json` last.
    ///
    /// Files of weights that an earlier run has completed, from the same model with the same options, are kept if they are
    /// still what they were. Memory does not depend on the size of the model.
    ///
    /// - Parameters:
    ///   - plan: What is written.
    ///   - output: The folder, which is made if there is none; the folder around it must be there.
    /// - Returns: what was written.
    /// - Throws: `UpcyclingError` if the disk has no room or the folder cannot be used, `JournalError` if it holds the work of
    ///   another run, and errors of reading and writing.
    public func run(_ plan: Plan, output: String) throws -> Outcome {
        let needed = TensorEncoding.workingSet(plan.tensors.tensors, threadCount: compute.parallel.threadCount)
        try compute.memory.demand(needed) {
            UpcyclingError(.notEnoughMemory(neededByteCount: $0, budgetByteCount: $1), file: plan.dense.path)
        }
        let folder = try UpcycledFolder(output, plan, isRestarting: isRestarting, replacesFiles: replacesFiles, compute)
        try folder.write()
        return Outcome(path: folder.path, paths: folder.ownPaths)
    }

    /// The files in a folder that no unfinished run of this kind has left, and that stand in the way; none if the folder is
    /// empty or not there.
    ///
    /// - Parameter output: The folder.
    public static func obstacles(in output: String) -> [String] { UpcycledFolder.obstacles(in: output) }
}

extension UpcyclingOptions {
    /// What decides the result, by the names that a manifest has.
    fileprivate func manifestOptions(_ plan: UpcyclingPlan) -> [String: String] {
        var options = [
            "experts": "\(expertCount)", "top-k": "\(usedCount)", "granularity": "\(granularity)",
            "shared": "\(sharedCount)", "form": plan.form.rawValue, "router-scale": "\(routerScale)", "seed": "\(seed)",
        ]
        switch perturbation {
        case .none: break
        case .noise(let share): options["noise"] = "\(share)"
        case .drop(let share): options["drop"] = "\(share)"
        }
        return options
    }
}

extension TensorType {
    /// The type as safetensors files name it; nil for those that they do not have.
    fileprivate var safetensors: SafetensorsType? {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        default: nil
        }
    }
}
