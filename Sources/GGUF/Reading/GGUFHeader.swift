import Files
import Tensors

/// What one file says before its tensor data, checked on its own.
struct GGUFHeader {
    static let magic: [UInt8] = Array("GGUF".utf8)

    let version: UInt32
    let metadata: GGUFMetadata
    let alignment: Int
    let tensors: [TensorDescriptor]
    /// Where each tensor begins in the file.
    let tensorOffsets: [Int]
    /// Where the tensor data begins in the file.
    let dataOffset: Int

    init(_ file: ReadableFile) throws {
        var reader = GGUFByteReader(file)
        version = try Self.readVersion(&reader)
        // A tensor takes at least a one-byte name, a dimension count, a type and an offset.
        let tensorCount = try reader.readCount(of: "tensors", minimumByteCount: 8 + 1 + 4 + 4 + 8)
        let entryCount = try reader.readCount(of: "metadata entries", minimumByteCount: 8 + 1 + 4 + 1)
        try GGUFLayout.check(entryCount: entryCount, tensorCount: tensorCount, path: file.path)
        metadata = try Self.readMetadata(&reader, count: entryCount)
        alignment = try GGUFLayout.alignment(of: metadata, path: file.path)
        let entries = try Self.readTensors(&reader, count: tensorCount)
        tensors = entries.map(\.descriptor)
        dataOffset =
            tensors.isEmpty
            ? reader.offset : GGUFLayout.padded(reader.offset, to: alignment) ?? Int.max
        tensorOffsets = try Self.locate(entries, from: dataOffset, alignment: alignment, in: file)
    }

    private static func readVersion(_ reader: inout GGUFByteReader) throws -> UInt32 {
        let path = reader.file.path
        let magic = try reader.read(count: min(4, reader.remaining))
        guard magic == Self.magic else { throw GGUFError(.notGGUF(found: magic), path: path) }
        let version = try reader.read(UInt32.self)
        // Version 3 of the other byte order reads as 0x03000000.
        if version != 0, version & 0xffff == 0 { throw GGUFError(.bigEndian, path: path) }
        guard version == 2 || version == 3 else { throw GGUFError(.unsupportedVersion(version), path: path) }
        return version
    }

    /// Checks that the tensors follow each other, each padded to the alignment, and end inside the file.
    private static func locate(
        _ entries: [Entry], from dataOffset: Int, alignment: Int, in file: ReadableFile
    ) throws -> [Int] {
        var offsets: [Int] = []
        offsets.reserveCapacity(entries.count)
        var next = 0
        for (descriptor, offset) in entries {
            let place = GGUFError.Place.tensor(descriptor.name)
            guard offset == next else {
                throw GGUFError(.wrongOffset(found: offset, expected: next), path: file.path, place: place)
            }
            let (start, startOverflow) = dataOffset.addingReportingOverflow(next)
            let (end, endOverflow) = start.addingReportingOverflow(descriptor.byteCount)
            guard !startOverflow, !endOverflow, let padded = GGUFLayout.padded(end - dataOffset, to: alignment) else {
                throw GGUFError(.tensorTooLarge, path: file.path, place: place)
            }
            guard end <= file.byteCount else {
                throw GGUFError(
                    .tensorOutsideFile(endOffset: end, fileByteCount: file.byteCount), path: file.path, place: place)
            }
            offsets.append(start)
            next = padded
        }
        return offsets
    }
}
