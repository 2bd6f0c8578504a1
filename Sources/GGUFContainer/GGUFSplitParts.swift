import Files
import Tensors

/// What each file of a split model holds: its name, its metadata and its tensors.
public struct GGUFSplitParts: Sendable {
    /// In a part: what the whole set was made from and how, so that a part of another set is told from one of this.
    public static let planKey: ByteString = "swage.split.plan.sha256"
    /// In a part: SHA-256 of all that follows its header.
    public static let digestKey: ByteString = "swage.split.data.sha256"

    /// The files, in their order.
    public let paths: [String]
    /// Which tensors of the model are in each file.
    public let cuts: [Range<Int>]
    private let metadata: GGUFMetadata
    private let tensors: [TensorDescriptor]

    /// - Parameters:
    ///   - prefix: the parts' path, less the number and the extension.
    ///   - metadata: the model's.
    /// - Throws: ``GGUFError`` if there are more parts than the format can count.
    public init(
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
    public func tensors(ofPart number: Int) -> [TensorDescriptor] { Array(tensors[cuts[number]]) }

    /// The metadata of a part, counted from 0: the model's in the first, its place in the split in all.
    public func metadata(ofPart number: Int) -> GGUFMetadata {
        var keys = number == 0 ? metadata : GGUFMetadata()
        keys[GGUFLayout.alignmentKey] = metadata[GGUFLayout.alignmentKey]
        keys[GGUFSplit.numberKey] = .uint16(UInt16(number))
        keys[GGUFSplit.tensorCountKey] = .int32(Int32(clamping: tensors.count))
        keys[GGUFSplit.countKey] = .uint16(UInt16(cuts.count))
        return keys
    }
}
