import ErrorFeedback
import Files
import GGUF
import ModelArchitecture
import Runtime

/// Writes second moments, site after site as a forward pass ends with them.
///
/// Memory is a row of a matrix. The file appears under its name with ``finish()``.
public struct HessianWriter: ~Copyable {
    private var file: GGUFWriter
    private let sites: [(site: HessianSite, tensors: HessianSite.Tensors)]
    /// The site that is to be written next.
    private var next = 0
    private let path: String

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
        let sites = try Self.layout(of: plan, blocks, path: path)
        let file = try GGUFWriter(
            path: path, metadata: Self.metadata(origin, blocks), tensors: sites.flatMap { $0.tensors.all })
        self.path = path
        self.sites = sites
        self.file = file
    }

    /// The size in bytes of the file that would be written.
    public static func byteCount(plan: DecoderPlan, blocks: ColumnBlocks, origin: HessianOrigin) throws -> Int {
        try GGUFWriter.byteCount(
            metadata: metadata(origin, blocks), tensors: layout(of: plan, blocks, path: "").flatMap { $0.tensors.all })
    }

    private static func layout(
        of plan: DecoderPlan, _ blocks: ColumnBlocks, path: String
    ) throws -> [(site: HessianSite, tensors: HessianSite.Tensors)] {
        try HessianSite.all(of: plan, blocks).map { site in
            guard let tensors = site.tensors else { throw HessianError(.tooLarge, path: path, tensor: site.name) }
            return (site, tensors)
        }
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
        try appendUnseen { $0.site == site && $0.block ?? 0 == block }
        precondition(next < sites.count, "the site is not the model's, or comes too late")
        precondition(moments.columns == sites[next].site.columns.count, "the moments are of other inputs")
        try append(moments)
    }

    /// Completes the file; sites that were not appended count as having seen nothing.
    public mutating func finish() throws {
        try appendUnseen { _ in false }
        try file.finish()
    }

    private mutating func appendUnseen(until isSeen: (HessianSite) -> Bool) throws {
        while next < sites.count, !isSeen(sites[next].site) {
            for tensor in sites[next].tensors.all { try appendZeros(tensor.byteCount) }
            next += 1
        }
    }

    private mutating func appendZeros(_ byteCount: Int) throws {
        let zeros = [UInt8](repeating: 0, count: min(byteCount, 1 << 16))
        for start in stride(from: 0, to: byteCount, by: zeros.count) {
            try zeros.withUnsafeBytes {
                try file.append(UnsafeRawBufferPointer(rebasing: $0[..<min(zeros.count, byteCount - start)]))
            }
        }
        try file.endTensor()
    }

    private mutating func append(_ moments: SecondMoments) throws {
        let tensors = sites[next].tensors
        let n = moments.columns
        let diagonal = (0..<n).map { moments.values[$0 * n + $0] }
        guard diagonal.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
            throw HessianError(.nonFiniteMoments, path: path, tensor: tensors.diagonal.name)
        }
        try withUnsafeBytes(of: Int64(moments.rowCount).littleEndian) { try file.append($0) }
        try file.endTensor()
        try diagonal.map(\.bitPattern.littleEndian).withUnsafeBytes { try file.append($0) }
        try file.endTensor()

        let scales = diagonal.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
        var row = [UInt16](repeating: 0, count: n)
        for first in 0..<n - 1 {
            for second in first + 1..<n {
                // One scale after the other: their product could overflow.
                let correlation = moments.values[first * n + second] * scales[first] * scales[second]
                guard correlation.isFinite else {
                    throw HessianError(.nonFiniteMoments, path: path, tensor: tensors.correlations.name)
                }
                row[second] = Float16(max(-1, min(1, correlation))).bitPattern.littleEndian
            }
            try row.withUnsafeBytes { try file.append(UnsafeRawBufferPointer(rebasing: $0[(2 * first + 2)...])) }
        }
        try file.endTensor()
        next += 1
    }
}
