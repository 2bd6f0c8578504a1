import ByteJSON
import Files
import Foundation
import Models
import Parallelism
import Pipelines
import Runtime
import SafetensorsIO
import Synchronization
import TestSupport
import Testing
import Upcycling

/// A tiny dense checkpoint with random weights, of `Tests/Generators/random_models.py`.
struct DenseModel: CustomTestStringConvertible, Sendable {
    let name: String

    var testDescription: String { name }

    static let xverse = DenseModel(name: "xverse-dense")
    static let llama = DenseModel(name: "llama-tied-head-80")
    static let mistral = DenseModel(name: "mistral-window")
    static let all = [xverse, llama, mistral]

    /// The tokens that the reference has logits for.
    var ids: TokenSequence {
        get throws {
            let cases = try JSON(contentsOf: RandomCheckpoint.folder + "/cases.json")
            return try #require(cases[ByteString(name)]?["ids"]?.array).compactMap { $0.integer.map(Int32.init) }
        }
    }

    /// PyTorch's logits in float32, a row for each of ``ids``.
    func expectedLogits() throws -> [[Float]] {
        let file = try SafetensorsFile(path: RandomCheckpoint.folder + "/\(name)/reference.safetensors")
        let tensor = try #require(file.tensor(named: "logits"))
        let (values, columns) = (try tensor.floats(), tensor.descriptor.shape[1])
        return stride(from: 0, to: values.count, by: columns).map { Array(values[$0..<$0 + columns]) }
    }

    /// Lays the checkpoint out, in bfloat16 as it is stored or in another type, in a folder that is removed afterwards.
    ///
    /// - Parameters:
    ///   - type: `f32` makes every weight one of single precision.
    ///   - changes: texts to replace in `config.json`.
    ///   - body: gets the checkpoint's path, and one beside it for a result.
    func withCheckpoint<R>(
        type: SafetensorsType = .bf16, changes: [(String, String)] = [],
        _ body: (_ checkpoint: String, _ output: String) throws -> R
    ) throws -> R {
        try RandomCheckpoint.with(name, changes: changes) { checkpoint, directory in
            if type != .bf16 { try Self.widen(checkpoint + "/model.safetensors", to: type) }
            return try body(checkpoint, directory + "/upcycled")
        }
    }

    private static func widen(_ path: String, to type: SafetensorsType) throws {
        let file = try SafetensorsFile(path: path)
        let entries = try file.tensors.map {
            try #require(SafetensorsEntry(name: $0.name, type: type, shape: $0.shape))
        }
        let tensors = try file.tensors.map { try #require(file.tensor(named: $0.name)).floats() }
        var writer = try SafetensorsWriter(path: path, tensors: entries)
        for values in tensors {
            let bytes =
                type == .f32
                ? values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
                : values.flatMap { withUnsafeBytes(of: Float16($0).bitPattern.littleEndian) { Array($0) } }
            try bytes.withUnsafeBytes { try writer.append($0) }
            try writer.endTensor()
        }
        try writer.finish()
    }
}

/// A choice of experts, slices and groups.
struct Shape: CustomTestStringConvertible, Sendable {
    let experts: Int
    let used: Int
    let granularity: Int
    let shared: Int

    init(_ experts: Int, _ used: Int, granularity: Int = 1, shared: Int = 0) {
        (self.experts, self.used, self.granularity, self.shared) = (experts, used, granularity, shared)
    }

    var testDescription: String { "\(experts) × 1/\(granularity), \(used) used, \(shared) shared" }

    func options(
        seed: UInt64 = 1, form: UpcyclingForm? = nil, perturbation: UpcyclingOptions.Perturbation = .none
    ) -> UpcyclingOptions {
        UpcyclingOptions(
            expertCount: experts, usedCount: used, granularity: granularity, sharedCount: shared, form: form,
            seed: seed,
            perturbation: perturbation)
    }
}

/// Makes the upcycled checkpoint.
@discardableResult
func upcycle(
    _ checkpoint: String, to output: String, _ options: UpcyclingOptions, threads: Int = 2,
    shardByteCount: Int = 1 << 30,
    isRestarting: Bool = false, replacesFiles: Bool = false, progress: @escaping ProgressHandler = { _ in }
) throws -> ExpertUpcycling.Plan {
    var upcycling = ExpertUpcycling(
        options: options, compute: Compute(parallel: Parallel(threadCount: threads), progress: progress))
    upcycling.shardByteCount = shardByteCount
    upcycling.isRestarting = isRestarting
    upcycling.replacesFiles = replacesFiles
    let plan = try upcycling.plan(Model.open(checkpoint))
    _ = try upcycling.run(plan, output: output)
    return plan
}

/// All logits of a sequence, a row for each token.
func logits(_ path: String, _ ids: TokenSequence, observer: (any ActivationObserver)? = nil) throws -> [[Float]] {
    let pass = try Model.open(path).forwardPass(Parallel(threadCount: 2))
    let hidden = try pass.run([ids], observer: observer)
    let rows = Mutex([[Float]](repeating: [], count: ids.count))
    try pass.logits(of: Array(0..<ids.count), in: hidden) { row, values in rows.withLock { $0[row] = Array(values) } }
    return rows.withLock { $0 }
}

/// The greatest difference of logits.
func difference(_ a: [[Float]], _ b: [[Float]]) -> Float {
    guard a.count == b.count, !a.isEmpty else { return .infinity }
    return zip(a, b).map { zip($0, $1).map { abs($0 - $1) }.max() ?? .infinity }.max()!
}

/// The bytes of all files of a folder by name.
func contents(of folder: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        files[name] = try ReadableFile.contents(of: "\(folder)/\(name)")
    }
    return files
}
