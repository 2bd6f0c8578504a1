import Files

/// The directory of a zip archive of stored entries, 64-bit sizes included.
///
/// Source: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5. Every entry is checked against its local header: it must be
/// stored as it is, lie before the directory, and share no byte with another. Checksums are not compared: entries are
/// read in parts, and PyTorch can be told to leave them out.
struct ZipDirectory {
    /// The bytes of the file that hold each entry.
    let entries: [ByteString: Range<Int>]

    /// Bytes of a directory that are read at most; about a million entries.
    private static let limit = 100_000_000

    init(_ file: ReadableFile) throws {
        let span = try ZipEnd(file).directory
        guard span.count <= Self.limit else {
            throw TorchArchiveError(.directoryTooLarge(byteCount: span.count, limit: Self.limit), path: file.path)
        }
        let records = try Self.records(try file.bytes(span.bytes), count: span.entryCount, path: file.path)
        var entries: [ByteString: Range<Int>] = [:]
        var end = 0
        var previous = ""
        for record in records.sorted(by: { ($0.headerOffset, $0.byteCount) < ($1.headerOffset, $1.byteCount) }) {
            let place = TorchArchiveError.Place.entry(record.name.description)
            guard record.headerOffset >= end else {
                throw TorchArchiveError(.overlap(with: previous), path: file.path, place: place)
            }
            let range = try Self.dataRange(of: record, in: file, before: span.bytes.lowerBound)
            guard entries.updateValue(range, forKey: record.name) == nil else {
                throw TorchArchiveError(.duplicateEntry, path: file.path, place: place)
            }
            end = range.upperBound
            previous = record.name.description
        }
        guard records.isEmpty || records.contains(where: { $0.headerOffset == 0 }) else {
            throw TorchArchiveError(.damagedDirectory("no entry begins at the file's first byte"), path: file.path)
        }
        self.entries = entries
    }

    private static func records(_ bytes: [UInt8], count: Int, path: String) throws -> [ZipRecord] {
        try bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            var records: [ZipRecord] = []
            while cursor.remaining > 0 { records.append(try ZipRecord(&cursor, path: path)) }
            guard records.count == count else {
                throw TorchArchiveError(
                    .damagedDirectory("\(count) entries announced, \(records.count) found"), path: path)
            }
            return records
        }
    }

    /// Follows a record to its local header, which must say the same.
    private static func dataRange(of record: ZipRecord, in file: ReadableFile, before limit: Int) throws -> Range<Int> {
        func failure(_ kind: TorchArchiveError.Kind) -> TorchArchiveError {
            TorchArchiveError(kind, path: file.path, place: .entry(record.name.description))
        }
        guard record.headerOffset <= limit - ZipLocalHeader.byteCount else { throw failure(.entryOutsideFile) }
        let header = try file.bytes(record.headerOffset..<record.headerOffset + ZipLocalHeader.byteCount)
            .withUnsafeBytes { ZipLocalHeader($0) }
        let nameStart = record.headerOffset + ZipLocalHeader.byteCount
        guard header.agrees(with: record), limit - nameStart >= header.nameByteCount + header.extraByteCount,
            try file.bytes(nameStart..<nameStart + header.nameByteCount) == record.name.bytes
        else { throw failure(.damagedDirectory("it does not agree with the header before the data")) }
        let start = nameStart + header.nameByteCount + header.extraByteCount
        guard record.byteCount <= limit - start else { throw failure(.entryOutsideFile) }
        return start..<start + record.byteCount
    }
}

/// The records at the end of the archive that say where its directory is.
private struct ZipEnd {
    struct Directory {
        let bytes: Range<Int>
        let entryCount: Int
        var count: Int { bytes.count }
    }

    let directory: Directory

    private static let byteCount = 22
    private static let longestComment = 0xffff
    private static let locatorByteCount = 20
    private static let wideByteCount = 56

    init(_ file: ReadableFile) throws {
        let start = max(0, file.byteCount - Self.byteCount - Self.longestComment)
        let tail = try file.bytes(start..<file.byteCount)
        guard let position = Self.position(in: tail) else {
            throw TorchArchiveError(try Self.diagnose(file), path: file.path)
        }
        let narrow = try tail.withUnsafeBytes { tail in
            var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: tail[position...]))
            _ = try cursor.read(UInt32.self)
            return try NarrowEnd(&cursor)
        }
        let endOffset = start + position
        let wide = try Self.wideEnd(in: file, before: endOffset)
        let (end, found) = (wide?.offset ?? endOffset, wide?.fields ?? narrow.fields)
        guard let fields = found, wide == nil || narrow.allows(fields) else {
            throw TorchArchiveError(.damagedDirectory("its size and place are contradictory"), path: file.path)
        }
        // The directory ends where the end records begin: nothing can hide between them.
        guard fields.offset <= end, fields.byteCount == end - fields.offset else {
            throw TorchArchiveError(.damagedDirectory("it is not where the end of the archive says"), path: file.path)
        }
        directory = Directory(bytes: fields.offset..<end, entryCount: fields.entryCount)
    }

    private struct Fields {
        let entryCount: Int
        let byteCount: Int
        let offset: Int
    }

    private struct NarrowEnd {
        private let disks: [UInt16]
        private let counts: [UInt16]
        private let byteCount: UInt32
        private let offset: UInt32

        init(_ cursor: inout ByteCursor) throws {
            disks = [try cursor.read(), try cursor.read()]
            counts = [try cursor.read(), try cursor.read()]
            byteCount = try cursor.read()
            offset = try cursor.read()
        }

        /// What it says if it needs no wider record.
        var fields: Fields? {
            guard disks == [0, 0], counts[0] == counts[1], counts[0] != .max, byteCount != .max, offset != .max else {
                return nil
            }
            return Fields(entryCount: Int(counts[0]), byteCount: Int(byteCount), offset: Int(offset))
        }

        /// Whether every number is the wider record's or stands for it.
        func allows(_ wide: Fields) -> Bool {
            disks.allSatisfy { $0 == 0 || $0 == .max }
                && counts.allSatisfy { $0 == .max || Int($0) == wide.entryCount }
                && (byteCount == .max || Int(byteCount) == wide.byteCount)
                && (offset == .max || Int(offset) == wide.offset)
        }
    }

    private static func position(in tail: [UInt8]) -> Int? {
        guard tail.count >= byteCount else { return nil }
        return (0...tail.count - byteCount).last { position in
            tail[position] == 0x50 && tail[position + 1] == 0x4b && tail[position + 2] == 5 && tail[position + 3] == 6
                && Int(tail[position + 20]) | Int(tail[position + 21]) << 8 == tail.count - byteCount - position
        }
    }

    /// The 64-bit record that a locator right before the end points at; nil if there is no locator.
    private static func wideEnd(in file: ReadableFile, before end: Int) throws -> (offset: Int, fields: Fields)? {
        guard end >= locatorByteCount else { return nil }
        let damaged = TorchArchiveError(.damagedDirectory("its 64-bit record is not valid"), path: file.path)
        let offset: UInt64? = try file.bytes(end - locatorByteCount..<end).withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            guard try cursor.read(UInt32.self) == 0x0706_4b50 else { return nil }
            let disk: UInt32 = try cursor.read()
            let offset: UInt64 = try cursor.read()
            guard disk == 0, try cursor.read(UInt32.self) == 1 else { throw damaged }
            return offset
        }
        guard let offset else { return nil }
        guard let start = Int(exactly: offset), start == end - locatorByteCount - wideByteCount else { throw damaged }
        return try file.bytes(start..<start + wideByteCount).withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            guard try cursor.read(UInt32.self) == 0x0606_4b50,
                try cursor.read(UInt64.self) == UInt64(wideByteCount - 12)
            else { throw damaged }
            _ = try cursor.read(UInt32.self)
            let disks: [UInt32] = [try cursor.read(), try cursor.read()]
            let counts: [UInt64] = [try cursor.read(), try cursor.read()]
            let byteCount: UInt64 = try cursor.read()
            let offset: UInt64 = try cursor.read()
            guard disks == [0, 0], counts[0] == counts[1], let count = Int(exactly: counts[0]),
                let byteCount = Int(exactly: byteCount), let offset = Int(exactly: offset)
            else { throw damaged }
            return (start, Fields(entryCount: count, byteCount: byteCount, offset: offset))
        }
    }

    /// What a file without an archive's end is.
    private static func diagnose(_ file: ReadableFile) throws -> TorchArchiveError.Kind {
        let start = try file.bytes(0..<min(4, file.byteCount))
        let tarMark = Array("ustar".utf8)
        if start == [0x50, 0x4b, 3, 4] { return .endMissing }
        if start.first == 0x80 { return .legacyFormat }
        if file.byteCount >= 262, try file.bytes(257..<262) == tarMark { return .legacyFormat }
        return .notAnArchive
    }
}
