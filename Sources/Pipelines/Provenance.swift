import GGUFContainer
import TensorCore

/// What a file says about where it came from.
enum Provenance {
    /// Adds what the checkpoint is made of: its weights, without a word of the files that hold them, and the sums of the
    /// files beside them. One checkpoint in different containers is described by the same words.
    static func describe(
        _ model: Model, in metadata: inout GGUFMetadata, parallel: Parallel, progress: @escaping ProgressHandler
    ) throws {
        metadata["swage.version"] = .string(ByteString(SwageVersion.current))
        guard let checkpoint = model.checkpoint else { return }
        let files = checkpoint.configurationFiles
        metadata["swage.source.files"] = .array(.string(files.map { ByteString(lastComponent($0)) }))
        metadata["swage.source.sha256"] = .array(
            .string(try files.map { ByteString(try WeightDigest.sha256(ofFile: $0)) }))
        guard let content = checkpoint.content else { return }
        progress(.stage("hashing the weights"))
        metadata["swage.source.weights.sha256"] = .string(
            ByteString(try WeightDigest.sha256(of: content, parallel: parallel) { progress(.fraction($0)) }))
        if let stored = checkpoint.storedPlan.experts, let padded = checkpoint.plan.experts {
            metadata["swage.experts.stored_length"] = .uint32(UInt32(stored.length))
            metadata["swage.experts.padded_length"] = .uint32(UInt32(padded.length))
        }
    }

    static func lastComponent(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
