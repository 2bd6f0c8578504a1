import Files

/// One file of a zip archive, as the archive's directory lists it.
struct ZipRecord {
    let name: ByteString
    let headerOffset: Int
    let byteCount: Int
    let flags: UInt16

    /// Strong and ordinary encryption, and encrypted directories.
    private static let encryptionFlags: UInt16 = 1 | 1 << 6 | 1 << 13

    init(_ cursor: inout ByteCursor, path: String) throws {
        let fields: Fields
        do throws(ByteCursor.EndOfBytes) {
            fields = try Fields(&cursor)
        } catch {
            throw TorchArchiveError(.damagedDirectory("it ends in the middle of a record"), path: path)
        }
        func failure(_ kind: TorchArchiveError.Kind) -> TorchArchiveError {
            TorchArchiveError(kind, path: path, place: .entry(fields.name.description))
        }
        guard fields.signature == 0x0201_4b50, fields.disk == 0, let sizes = fields.sizes else {
            throw failure(.damagedDirectory("the entry's record is not valid"))
        }
        guard fields.flags & Self.encryptionFlags == 0 else { throw failure(.encrypted) }
        guard fields.method == 0 else { throw failure(.compressed(method: Int(fields.method))) }
        guard sizes.stored == sizes.original, let byteCount = Int(exactly: sizes.original),
            let headerOffset = Int(exactly: sizes.offset)
        else { throw failure(.damagedDirectory("the entry's sizes are contradictory")) }
        name = fields.name
        flags = fields.flags
        self.byteCount = byteCount
        self.headerOffset = headerOffset
    }

    private struct Fields {
        let signature: UInt32
        let flags: UInt16
        let method: UInt16
        let name: ByteString
        let disk: UInt16
        /// Nil if a 64-bit size is missing.
        let sizes: ZipSizes?

        init(_ cursor: inout ByteCursor) throws(ByteCursor.EndOfBytes) {
            signature = try cursor.read()
            _ = try cursor.read(count: 4)
            flags = try cursor.read()
            method = try cursor.read()
            _ = try cursor.read(count: 8)
            let stored: UInt32 = try cursor.read()
            let original: UInt32 = try cursor.read()
            let nameByteCount: UInt16 = try cursor.read()
            let extraByteCount: UInt16 = try cursor.read()
            let commentByteCount: UInt16 = try cursor.read()
            disk = try cursor.read()
            _ = try cursor.read(count: 6)
            let offset: UInt32 = try cursor.read()
            name = ByteString(Array(try cursor.read(count: Int(nameByteCount))))
            let extra = try cursor.read(count: Int(extraByteCount))
            _ = try cursor.read(count: Int(commentByteCount))
            sizes = try ZipSizes(original: original, stored: stored, offset: offset, extra: extra)
        }
    }
}

/// An entry's sizes and place; a 64-bit extra field replaces those whose 32 bits are all ones.
private struct ZipSizes {
    let original: UInt64
    let stored: UInt64
    let offset: UInt64

    /// - Returns: nil if a 64-bit size is needed and missing.
    init?(
        original: UInt32, stored: UInt32, offset: UInt32, extra: UnsafeRawBufferPointer
    ) throws(ByteCursor.EndOfBytes) {
        var sizes = [original, stored, offset].map(UInt64.init)
        let wide = sizes.indices.filter { sizes[$0] == UInt64(UInt32.max) }
        var isWidened = wide.isEmpty
        var cursor = ByteCursor(extra)
        while cursor.remaining >= 4, !isWidened {
            let identifier: UInt16 = try cursor.read()
            let byteCount: UInt16 = try cursor.read()
            var field = ByteCursor(try cursor.read(count: Int(byteCount)))
            guard identifier == 1 else { continue }
            for index in wide { sizes[index] = try field.read() }
            isWidened = true
        }
        guard isWidened else { return nil }
        (self.original, self.stored, self.offset) = (sizes[0], sizes[1], sizes[2])
    }
}

/// The header before an entry's data, which repeats the directory.
struct ZipLocalHeader {
    static let byteCount = 30
    let nameByteCount: Int
    let extraByteCount: Int
    private let signature: UInt32
    private let flags: UInt16
    private let method: UInt16
    private let storedByteCount: UInt32
    private let originalByteCount: UInt32

    /// - Parameter bytes: ``byteCount`` of them.
    init(_ bytes: UnsafeRawBufferPointer) {
        func load<T: FixedWidthInteger>(_ offset: Int, _: T.Type = T.self) -> T {
            T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
        }
        signature = load(0)
        flags = load(6)
        method = load(8)
        storedByteCount = load(18)
        originalByteCount = load(22)
        nameByteCount = Int(load(26, UInt16.self))
        extraByteCount = Int(load(28, UInt16.self))
    }

    /// The sizes may be left to a descriptor after the data, or to a 64-bit field.
    func agrees(with record: ZipRecord) -> Bool {
        let isDeferred = flags & 0b1000 != 0
        let sizesAgree = [storedByteCount, originalByteCount].allSatisfy { size in
            if isDeferred && size == 0 { return true }
            return size == .max || Int(size) == record.byteCount
        }
        return signature == 0x0403_4b50 && flags == record.flags && method == 0 && sizesAgree
            && nameByteCount == record.name.count
    }
}
