import Digests
import Files
import FoundationEssentials
import GGUFContainer
import Models
import Tensors

/// A split model that is written part by part, each of which appears under its name when it is complete.
///
/// A part says what the whole set was made from and how, and has a digest of its tensors' bytes: those that are there
/// already, from the same inputs in the same way and undamaged, are kept.
struct PartedOutput {
    /// A digest until there is one.
    private static let noDigest = String(repeating: "0", count: SHA256.hexadecimalLength)

    private let parts: GGUFSplitParts
    private let tensors: [TensorDescriptor]
    /// Of all that decides the set.
    private let plan: String
    /// What a part's bytes begin with.
    private let headers: [[UInt8]]
    /// Where the digest is in each of the headers.
    private let digestOffsets: [Int]
    private let byteCounts: [Int]

    var paths: [String] { parts.paths }
    var byteCount: Int { byteCounts.reduce(0, +) }

    /// - Parameters:
    ///   - metadata: the model's, with its provenance.
    ///   - identity: what decides the tensors' bytes beside the metadata.
    init(
        prefix: String, metadata: GGUFMetadata, tensors: [TensorDescriptor], limits: GGUFSplitLimits, identity: String
    ) throws {
        let parts = try GGUFSplitParts(prefix: prefix, metadata: metadata, tensors: tensors, limits: limits)
        var hash = SHA256()
        hash.update(try GGUFWriter.header(metadata: metadata, tensors: tensors))
        hash.update(Array("\(parts.cuts)\n\(identity)".utf8))
        let plan = hash.hexadecimal
        self.parts = parts
        self.tensors = tensors
        self.plan = plan
        let all = parts.paths.indices.map { part in
            (Self.metadata(ofPart: part, of: parts, plan: plan), parts.tensors(ofPart: part))
        }
        headers = try all.map { try GGUFWriter.header(metadata: $0, tensors: $1) }
        byteCounts = try all.map { try GGUFWriter.byteCount(metadata: $0, tensors: $1) }
        digestOffsets = try zip(all, headers).map { contents, header in
            var (metadata, tensors) = contents
            metadata[GGUFSplitParts.digestKey] = .string(ByteString(String(repeating: "1", count: Self.noDigest.count)))
            let other = try GGUFWriter.header(metadata: metadata, tensors: tensors)
            return zip(header, other).enumerated().first { $1.0 != $1.1 }!.offset
        }
    }

    private static func metadata(ofPart part: Int, of parts: GGUFSplitParts, plan: String) -> GGUFMetadata {
        var metadata = parts.metadata(ofPart: part)
        metadata[GGUFSplitParts.planKey] = .string(ByteString(plan))
        metadata[GGUFSplitParts.digestKey] = .string(ByteString(noDigest))
        return metadata
    }

    /// The parts that are to be written. Files of their names that are of another set, or damaged, are removed, so that no
    /// mixed set can be taken for a model when the work ends early.
    func missing(progress: ProgressHandler) throws -> [Int] {
        var missing: [Int] = []
        for (part, path) in paths.enumerated() {
            guard FileIdentity(path: path) != nil else {
                missing.append(part)
                continue
            }
            progress(.stage("checking \(Provenance.lastComponent(path))"))
            guard try !isComplete(part) else { continue }
            progress(.warning("\(path): it is of another set, or damaged, and is written anew"))
            try? FileManager.default.removeItem(atPath: path)
            missing.append(part)
        }
        let kept = paths.count - missing.count
        if kept > 0 { progress(.note("\(kept) of \(paths.count) parts are there already and are kept")) }
        if let first = missing.first {
            try AtomicFile.check(
                paths[first], expectedByteCount: missing.reduce(0) { $0 + byteCounts[$1] })
        }
        return missing
    }

    /// The tensors of the parts that are not missing.
    func kept(besides missing: [Int]) throws -> KeptTensors {
        var kept = KeptTensors()
        for part in paths.indices where !missing.contains(part) {
            let file = try ReadableFile(path: paths[part])
            let offsets = try GGUFWriter.offsets(
                metadata: Self.metadata(ofPart: part, of: parts, plan: plan), tensors: parts.tensors(ofPart: part))
            for (index, offset) in zip(parts.cuts[part], offsets) { kept.places[index] = (file, offset) }
        }
        return kept
    }

    /// Whether a part is there, of this set and undamaged; reads all of it.
    private func isComplete(_ part: Int) throws -> Bool {
        let file = try ReadableFile(path: paths[part])
        let (header, offset) = (headers[part], digestOffsets[part])
        guard file.byteCount == byteCounts[part] else { return false }
        var found = try file.bytes(0..<header.count)
        let digest = offset..<offset + Self.noDigest.utf8.count
        let said = Array(found[digest])
        found.replaceSubrange(digest, with: Self.noDigest.utf8)
        guard found == header else { return false }
        return try Array(WeightDigest.sha256(of: file, from: header.count).utf8) == said
    }

    /// Writes parts, each when those before it are complete.
    func write(_ missing: [Int], encoding: TensorEncoding, progress: ProgressHandler) throws {
        for part in missing {
            progress(.stage("writing \(Provenance.lastComponent(paths[part]))"))
            let hash = DataHash()
            var writer = try GGUFWriter(
                path: paths[part], metadata: Self.metadata(ofPart: part, of: parts, plan: plan),
                tensors: parts.tensors(ofPart: part)
            ) { hash.update($0) }
            try encoding.run(tensors, range: parts.cuts[part], into: &writer)
            try writer.replaceHeader(at: digestOffsets[part], with: Array(hash.digest.utf8))
            try writer.finish()
        }
    }

    /// What each part holds, in words.
    var listing: [String] {
        paths.indices.map { part in
            "\(Provenance.lastComponent(paths[part])): \(parts.cuts[part].count) tensors, \(byteCounts[part]) bytes of file"
        }
    }
}

/// The digest of bytes that come one after the other, never from two threads at once.
private final class DataHash: @unchecked Sendable {
    private var hash = SHA256()

    func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

    var digest: String { hash.hexadecimal }
}
