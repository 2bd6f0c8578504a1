import Calibration
import Digests
import Files
import FoundationEssentials
import GGUF
import Journals
import Models
import Tensors

/// A split model that is written part by part, each of which appears under its name when it is complete.
///
/// A part says what the whole set was made from and how, and has a digest of its tensors' bytes: those that are there
/// already, from the same inputs in the same way and undamaged, are kept.
struct PartedOutput {
    private let parts: GGUFSplitParts
    /// The layout of each part, with zeros for its digest.
    private let layouts: [GGUFLayout]
    /// The digest of all that decides the set.
    private let plan: String

    var paths: [String] { parts.paths }
    var byteCount: Int { layouts.reduce(0) { $0 + $1.byteCount } }

    /// - Parameters:
    ///   - output: a name whose `.gguf` is replaced by the parts' numbers.
    ///   - whole: the model as one file, with its provenance.
    ///   - identity: what decides the tensors' bytes beside the metadata.
    init(_ outline: PartedOutline, output: String, whole: GGUFLayout, identity: RunIdentity) throws {
        let parts = try outline.parts(output, metadata: whole.metadata)
        var hash = SHA256()
        hash.update(whole.header)
        hash.update(Array("\(parts.cuts)\n".utf8) + identity.bytes)
        let plan = hash.hexadecimal
        self.parts = parts
        self.plan = plan
        layouts = outline.layouts.enumerated().map { part, layout in
            layout.replacingValues(by: PartedOutline.metadata(ofPart: part, of: parts, plan: plan))
        }
    }

    /// The parts that are to be written: those that are not there, or all if the work is begun anew.
    ///
    /// Files of their names that are of another set, or damaged, are removed, so that no mixed set can be taken for a model
    /// when the work ends early.
    ///
    /// - Parameter replacesOthers: whether files of another set may be removed.
    /// - Throws: ``PartIsOther`` for a file of another set, before anything is removed.
    func missing(isRestarting: Bool, replacesOthers: Bool, progress: ProgressHandler) throws -> [Int] {
        let there = paths.indices.filter { FileIdentity(path: paths[$0]) != nil }
        let own = try there.filter { try isOfSet($0) }
        if !replacesOthers, let other = there.first(where: { !own.contains($0) }) {
            throw PartIsOther(path: paths[other])
        }
        var kept: [Int] = []
        for part in own where !isRestarting {
            progress(.stage(.checking(path: paths[part])))
            if try isComplete(part) { kept.append(part) }
        }
        for part in there where !kept.contains(part) {
            if !isRestarting {
                let found = own.contains(part) ? "damaged" : "of another set"
                progress(.warning("\(paths[part]): it is \(found), and is written anew"))
            }
            try? FileManager.default.removeItem(atPath: paths[part])
        }
        let missing = paths.indices.filter { !kept.contains($0) }
        if !kept.isEmpty { progress(.note("\(kept.count) of \(paths.count) parts are there already and are kept")) }
        if let first = missing.first {
            try AtomicFile.check(
                paths[first], expectedByteCount: missing.reduce(0) { $0 + layouts[$1].byteCount })
        }
        return missing
    }

    /// The tensors of the parts that are not missing.
    func kept(besides missing: [Int]) throws -> KeptTensors {
        var kept = KeptTensors()
        for part in paths.indices where !missing.contains(part) {
            let file = try ReadableFile(path: paths[part])
            for (index, offset) in zip(parts.cuts[part], layouts[part].dataOffsets) {
                kept.places[index] = (file, offset)
            }
        }
        return kept
    }

    /// Whether the file of a part's name is of this set, by all that it says but the digest of its weights.
    private func isOfSet(_ part: Int) throws -> Bool {
        let file = try ReadableFile(path: paths[part])
        let header = layouts[part].header
        guard file.byteCount >= header.count else { return false }
        var found = try file.bytes(0..<header.count)
        found.replaceSubrange(digestRange(ofPart: part), with: PartedOutline.noDigest.utf8)
        return found == header
    }

    /// Whether a part of this set is undamaged; reads all of it.
    private func isComplete(_ part: Int) throws -> Bool {
        let file = try ReadableFile(path: paths[part])
        guard file.byteCount == layouts[part].byteCount else { return false }
        let said = try file.bytes(digestRange(ofPart: part))
        return try Array(WeightDigest.sha256(of: file, from: layouts[part].header.count).utf8) == said
    }

    /// The header of the first part's file, with more known of the model.
    ///
    /// - Parameter metadata: The model's, with the same keys and lengths of values.
    func describedHeader(of file: String, _ metadata: GGUFMetadata, _ outline: PartedOutline) throws -> [UInt8] {
        let described = try outline.parts("", metadata: metadata)
        var header = layouts[0].replacingValues(
            by: PartedOutline.metadata(ofPart: 0, of: described, plan: plan)
        ).header
        let digest = digestRange(ofPart: 0)
        header.replaceSubrange(digest, with: try ReadableFile(path: file).bytes(digest))
        return header
    }

    /// Where a part's digest is in the file.
    private func digestRange(ofPart part: Int) -> Range<Int> {
        layouts[part].textRange(of: GGUFSplitParts.digestKey)!
    }

    /// Writes parts, each when those before it are complete.
    ///
    /// - Parameter tensors: all of the model.
    func write(
        _ missing: [Int], of tensors: [TensorDescriptor], encoding: TensorEncoding, progress: ProgressHandler
    ) throws {
        for part in missing {
            progress(.stage(.writing(path: paths[part])))
            let hash = DataHash()
            var writer = try GGUFWriter(path: paths[part], layout: layouts[part]) { hash.update($0) }
            try encoding.run(tensors, range: parts.cuts[part], into: &writer)
            try writer.replaceHeader(at: digestRange(ofPart: part).lowerBound, with: Array(hash.digest.utf8))
            try writer.finish()
        }
    }
}

/// The digest of bytes that come one after the other, never from two threads at once.
private final class DataHash: @unchecked Sendable {
    private var hash = SHA256()

    func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

    var digest: String { hash.hexadecimal }
}
