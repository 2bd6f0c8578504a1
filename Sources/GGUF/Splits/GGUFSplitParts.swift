import Files
import Tensors

/// The files of a split model, each with its name, its metadata and its tensors.
package struct GGUFSplitParts: Sendable {
    /// The key in a part's metadata that holds the SHA-256, in hexadecimal, of what the whole set was made from and
    /// how: it tells parts of this set from those of another.
    package static let planKey: ByteString = "swage.split.plan.sha256"
    /// The key in a part's metadata that holds the SHA-256, in hexadecimal, of all bytes behind the part's header.
    package static let digestKey: ByteString = "swage.split.data.sha256"

    /// The files, in their order.
    package let paths: [String]
    /// The tensors of each file, as ranges of the model's list.
    package let cuts: [Range<Int>]
    private let metadata: GGUFMetadata
    private let tensors: [TensorDescriptor]

    /// Divides a model over files.
    ///
    /// - Parameters:
    ///   - prefix: The parts' path, less the number and the extension.
    ///   - metadata: The whole model's.
    ///   - tensors: All tensors of the model, in their order.
    ///   - limits: How large a part may be.
    /// - Throws: ``GGUFError`` if there are more parts than the format can count, or the alignment makes no sense.
    package init(
        prefix: String, metadata: GGUFMetadata, tensors: [TensorDescriptor], limits: GGUFSplitLimits
    ) throws {
        let cuts = limits.cut(tensors, alignment: try GGUFLayout.alignment(of: metadata, path: prefix))
        guard cuts.count <= UInt16.max else { throw GGUFError(.tooManyParts(cuts.count), path: prefix) }
        precondition(cuts.last?.upperBound == tensors.count, "the parts must have all tensors")
        paths = (1...cuts.count).map { prefix + GGUFSplitName.suffix(number: $0, count: cuts.count) }
        self.cuts = cuts
        self.metadata = metadata
        self.tensors = tensors
    }

    /// The tensors of a part, counted from 0.
    package func tensors(ofPart number: Int) -> [TensorDescriptor] { Array(tensors[cuts[number]]) }

    /// The metadata of a part, counted from 0: the model's in the first, its place in the split in all.
    package func metadata(ofPart number: Int) -> GGUFMetadata {
        var keys = number == 0 ? metadata : GGUFMetadata()
        keys[GGUFLayout.alignmentKey] = metadata[GGUFLayout.alignmentKey]
        keys[GGUFSplit.numberKey] = .uint16(UInt16(number))
        keys[GGUFSplit.tensorCountKey] = .int32(Int32(clamping: tensors.count))
        keys[GGUFSplit.countKey] = .uint16(UInt16(cuts.count))
        return keys
    }
}
