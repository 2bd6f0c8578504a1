import ErrorFeedback
import Files
import GGUF
import Manifests
import ModelArchitecture
import Runtime

/// Writes second moments, site after site as a forward pass ends with them.
///
/// Memory is a row of a matrix. The file appears under its name with ``finish()``.
public struct HessianWriter: ~Copyable {
    private var file: GGUFWriter
    private let layout: HessianLayout
    /// The site that is to be written next.
    private var next = 0

    /// Begins a file of second moments.
    ///
    /// - Parameters:
    ///   - path: the path of the complete file.
    ///   - plan: the plan of the model, from which the sites follow.
    ///   - blocks: the blocks that wide inputs are cut into.
    ///   - origin: the model and the texts that the moments are collected from.
    /// - Throws: ``HessianError`` if inputs are too wide for a file, `GGUFError` if the metadata breaks a rule of the
    ///   format, `FileError` if the file cannot be written or the disk has no room for all of it.
    public init(path: String, plan: DecoderPlan, blocks: ColumnBlocks, origin: HessianOrigin) throws {
        let layout = try HessianLayout(plan, blocks, path: path)
        let file = try GGUFWriter(path: path, metadata: Self.metadata(origin, blocks), tensors: layout.tensors)
        self.layout = layout
        self.file = file
    }

    /// The size in bytes of the file that would be written.
    public static func byteCount(plan: DecoderPlan, blocks: ColumnBlocks, origin: HessianOrigin) throws -> Int {
        try GGUFWriter.byteCount(
            metadata: metadata(origin, blocks), tensors: HessianLayout(plan, blocks, path: "").tensors)
    }

    private static func metadata(_ origin: HessianOrigin, _ blocks: ColumnBlocks) -> GGUFMetadata {
        var metadata = GGUFMetadata()
        metadata[HessianKey.type] = .string(ByteString(HessianKey.typeName))
        metadata[HessianKey.model] = .string(ByteString(origin.model))
        metadata[HessianKey.datasets] = .array(.string(origin.datasets.map { ByteString($0) }))
        metadata[HessianKey.chunkCount] = .uint32(UInt32(clamping: origin.chunkCount))
        metadata[HessianKey.chunkSize] = .uint32(UInt32(clamping: origin.chunkSize))
        metadata[HessianKey.blockWidth] = .uint32(UInt32(clamping: blocks.greatestWidth))
        origin.signature?.describe(in: &metadata)
        if let manifest = origin.manifest { metadata.describe(manifest) }
        return metadata
    }

    /// Appends the second moments of a site; sites come in the order of the file, and those that saw nothing may be
    /// left out.
    ///
    /// - Parameters:
    ///   - site: the place in the model where the inputs were seen.
    ///   - block: the number of the block of columns; 0 if the inputs are not cut.
    ///   - moments: the second moments of the inputs, as wide as the block.
    /// - Throws: ``HessianError`` if a sum is not finite, `FileError` if the file cannot be written.
    public mutating func append(_ site: ActivationSite, block: Int = 0, _ moments: SecondMoments) throws {
        let layout = layout
        let number = layout.number(of: site, block: block) ?? -1
        try skip(to: number)
        try layout.encode(moments, as: number) {
            try file.append($0)
        } endTensor: {
            try file.endTensor()
        }
    }

    /// Appends the tensors of a site as ``HessianLayout`` has encoded them.
    ///
    /// - Parameters:
    ///   - number: the site's place in the file.
    ///   - read: fills a buffer with the next bytes.
    /// - Throws: what `read` throws, and `FileError` if the file cannot be written.
    package mutating func append(
        encoded number: Int, read: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        try skip(to: number)
        for tensor in layout.sites[number].tensors.all {
            var rest = tensor.byteCount
            try withUnsafeTemporaryAllocation(byteCount: Self.pieceByteCount, alignment: 64) { buffer in
                while rest > 0 {
                    let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(rest, buffer.count)])
                    try read(piece)
                    try file.append(UnsafeRawBufferPointer(piece))
                    rest -= piece.count
                }
            }
            try file.endTensor()
        }
    }

    private static let pieceByteCount = 1 << 16

    /// Completes the file; sites that were not appended count as having seen nothing.
    public mutating func finish() throws {
        try appendUnseen(until: layout.sites.count)
        try file.finish()
    }

    private mutating func skip(to number: Int) throws {
        precondition(number >= next && number < layout.sites.count, "the site is not the model's, or comes too late")
        try appendUnseen(until: number)
        next += 1
    }

    private mutating func appendUnseen(until number: Int) throws {
        while next < number {
            for tensor in layout.sites[next].tensors.all { try appendZeros(tensor.byteCount) }
            next += 1
        }
    }

    private mutating func appendZeros(_ byteCount: Int) throws {
        let zeros = [UInt8](repeating: 0, count: min(byteCount, Self.pieceByteCount))
        for start in stride(from: 0, to: byteCount, by: zeros.count) {
            try zeros.withUnsafeBytes {
                try file.append(UnsafeRawBufferPointer(rebasing: $0[..<min(zeros.count, byteCount - start)]))
            }
        }
        try file.endTensor()
    }
}
