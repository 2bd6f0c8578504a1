import Digests
import Files
import GGUF
import Models
import Tensors

/// The parts that a model is to be written in, to the byte in size, before anything is known of their names and of what the
/// model's files are.
struct PartedOutline: Sendable {
    /// A digest until there is one.
    static let noDigest = String(repeating: "0", count: SHA256.hexadecimalLength)

    private let metadata: GGUFMetadata
    private let tensors: [TensorDescriptor]
    private let limits: GGUFSplitLimits
    /// The layout of each part, with zeros for all digests.
    let layouts: [GGUFLayout]

    /// - Throws: `GGUFError` if there are more parts than the format can count.
    init(_ file: ModelFile, limits: GGUFSplitLimits) throws {
        metadata = file.metadata
        tensors = file.tensors
        self.limits = limits
        let parts = try GGUFSplitParts(prefix: "", metadata: metadata, tensors: tensors, limits: limits)
        layouts = try parts.paths.indices.map {
            try GGUFLayout(
                metadata: Self.metadata(ofPart: $0, of: parts, plan: Self.noDigest), tensors: parts.tensors(ofPart: $0),
                path: file.model.path)
        }
    }

    var byteCount: Int { layouts.reduce(0) { $0 + $1.byteCount } }

    /// What each part holds.
    ///
    /// - Parameters:
    ///   - output: a name whose `.gguf` is replaced by the parts' numbers.
    ///   - metadata: the model's, if more is known by now; with the same keys.
    func parts(_ output: String, metadata: GGUFMetadata? = nil) throws -> GGUFSplitParts {
        try GGUFSplitParts(
            prefix: Self.prefix(output), metadata: metadata ?? self.metadata, tensors: tensors, limits: limits)
    }

    /// What each part holds, in words.
    func listing(_ output: String) throws -> [String] {
        let parts = try parts(output)
        return parts.paths.indices.map { part in
            "\(Provenance.lastComponent(parts.paths[part])): \(parts.cuts[part].count) tensors, "
                + "\(layouts[part].byteCount) bytes of file"
        }
    }

    /// - Parameter plan: the digest of all that decides the set.
    static func metadata(ofPart part: Int, of parts: GGUFSplitParts, plan: String) -> GGUFMetadata {
        var metadata = parts.metadata(ofPart: part)
        metadata[GGUFSplitParts.planKey] = .string(ByteString(plan))
        metadata[GGUFSplitParts.digestKey] = .string(ByteString(noDigest))
        return metadata
    }

    /// What the parts' paths begin with.
    static func prefix(_ output: String) -> String {
        output.hasSuffix(".gguf") ? String(output.dropLast(5)) : output
    }
}
