import Digests
import Files
import GGUF
import Manifests
import Parallelism

/// The statements in a file's metadata about its origin.
package enum Provenance {
    /// The digest of the weights of the checkpoint that a file was made from.
    static let weightsKey: ByteString = "swage.source.weights.sha256"

    /// Adds what the checkpoint is made of: its weights, without a word of the files that hold them, and the sums of
    /// the files beside them. One checkpoint in different containers is described by the same words.
    ///
    /// - Parameter hashing: is told the share of the weights that has been hashed; never called if there are none.
    package static func describe(
        _ model: Model, in metadata: inout GGUFMetadata, parallel: Parallel,
        hashing: @escaping @Sendable (Double) -> Void
    ) throws {
        try describe(
            model,
            weights: model.checkpoint?.content.map {
                try WeightDigest.sha256(of: $0, parallel: parallel, progress: hashing)
            }, in: &metadata)
    }

    /// The same with the digest of the weights, if the checkpoint has any; only the files beside them are read.
    package static func describe(_ model: Model, weights: String?, in metadata: inout GGUFMetadata) throws {
        let files = try model.checkpoint?.configurationFiles.map { try WeightDigest.sha256(ofFile: $0) }
        describe(model, Digests(files: files ?? [], weights: weights), in: &metadata)
    }

    /// The same without reading the files: what it adds has the length of what ``describe(_:in:parallel:hashing:)``
    /// adds.
    package static func describeInLength(_ model: Model, in metadata: inout GGUFMetadata) {
        let sum = String(repeating: "0", count: SHA256.hexadecimalLength)
        let checkpoint = model.checkpoint
        let digests = Digests(
            files: (checkpoint?.configurationFiles ?? []).map { _ in sum },
            weights: checkpoint?.content == nil ? nil : sum)
        describe(model, digests, in: &metadata)
    }

    /// What the file was made from, in hexadecimal.
    private struct Digests {
        /// One for each configuration file.
        var files: [String] = []
        var weights: String?
    }

    private static func describe(_ model: Model, _ digests: Digests, in metadata: inout GGUFMetadata) {
        metadata.describe(version: SwageVersion.current)
        guard let checkpoint = model.checkpoint else { return }
        metadata["swage.source.files"] = .array(
            .string(checkpoint.configurationFiles.map { ByteString(lastComponent($0)) }))
        metadata["swage.source.sha256"] = .array(.string(digests.files.map { ByteString($0) }))
        if let weights = digests.weights {
            metadata[weightsKey] = .string(ByteString(weights))
        }
        if let stored = checkpoint.storedPlan.experts, let padded = checkpoint.plan.experts {
            metadata["swage.experts.stored_length"] = .uint32(UInt32(stored.length))
            metadata["swage.experts.padded_length"] = .uint32(UInt32(padded.length))
            if checkpoint.expertNormalization != .auto {
                metadata["swage.experts.normalization"] = .string(
                    ByteString(checkpoint.expertNormalization.rawValue))
            }
        }
    }

    /// The file's name without its folders.
    package static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
