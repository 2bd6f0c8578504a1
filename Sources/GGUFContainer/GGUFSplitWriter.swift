import TensorCore

/// Writes a model as several GGUF files, `PREFIX-00001-of-00003.gguf` and so on, tensor by tensor.
///
/// The first part has the metadata. All parts appear under their names together, with ``finish()``.
public struct GGUFSplitWriter: ~Copyable, TensorSink {
    /// The files, in their order.
    public let paths: [String]
    private let metadata: GGUFMetadata
    private let tensors: [TensorDescriptor]
    private let cuts: [Range<Int>]
    private var written = 0
    /// The complete parts and the one that is being written; a noncopyable value needs a box to be stored in an array.
    private var parts: [Part]

    private final class Part {
        var writer: GGUFWriter

        init(_ writer: consuming GGUFWriter) { self.writer = writer }
    }

    /// - Parameter prefix: the parts' path, less the number and the extension.
    /// - Throws: ``GGUFError`` or `FileError`.
    public init(
        prefix: String, metadata: GGUFMetadata, tensors: [TensorDescriptor], limits: GGUFSplitLimits
    ) throws {
        let cuts = try Self.cuts(prefix: prefix, metadata: metadata, tensors: tensors, limits: limits)
        let paths = Self.paths(prefix: prefix, count: cuts.count)
        let first = try Self.part(0, metadata: metadata, tensors: tensors, cuts: cuts, paths: paths)
        self.metadata = metadata
        self.tensors = tensors
        self.cuts = cuts
        self.paths = paths
        self.parts = [first]
    }

    /// The files that would be written.
    ///
    /// - Throws: ``GGUFError`` if there are more than the format can count.
    public static func paths(
        prefix: String, metadata: GGUFMetadata, tensors: [TensorDescriptor], limits: GGUFSplitLimits
    ) throws -> [String] {
        paths(
            prefix: prefix,
            count: try cuts(prefix: prefix, metadata: metadata, tensors: tensors, limits: limits).count)
    }

    private static func paths(prefix: String, count: Int) -> [String] {
        (1...count).map { prefix + GGUFSplitName.suffix(number: $0, count: count) }
    }

    private static func cuts(
        prefix: String, metadata: GGUFMetadata, tensors: [TensorDescriptor], limits: GGUFSplitLimits
    ) throws -> [Range<Int>] {
        let cuts = limits.cut(tensors, alignment: try GGUFLayout.alignment(of: metadata, path: prefix))
        guard cuts.count <= UInt16.max else { throw GGUFError(.tooManyParts(cuts.count), path: prefix) }
        return cuts
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        try parts[parts.count - 1].writer.append(bytes)
    }

    public mutating func endTensor() throws {
        try parts[parts.count - 1].writer.endTensor()
        written += 1
        guard written == cuts[parts.count - 1].upperBound, parts.count < cuts.count else { return }
        try parts[parts.count - 1].writer.sync()
        parts.append(
            try Self.part(parts.count, metadata: metadata, tensors: tensors, cuts: cuts, paths: paths))
    }

    public mutating func finish() throws {
        try parts[parts.count - 1].writer.sync()
        for part in parts.reversed() { try part.writer.publish() }
    }

    private static func part(
        _ number: Int, metadata: GGUFMetadata, tensors: [TensorDescriptor], cuts: [Range<Int>], paths: [String]
    ) throws -> Part {
        var keys = number == 0 ? metadata : GGUFMetadata()
        keys[GGUFLayout.alignmentKey] = metadata[GGUFLayout.alignmentKey]
        keys[GGUFSplit.numberKey] = .uint16(UInt16(number))
        keys[GGUFSplit.tensorCountKey] = .int32(Int32(clamping: tensors.count))
        keys[GGUFSplit.countKey] = .uint16(UInt16(cuts.count))
        return Part(try GGUFWriter(path: paths[number], metadata: keys, tensors: Array(tensors[cuts[number]])))
    }
}
