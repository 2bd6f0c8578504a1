import Files

/// llama.cpp's older form: for every weight its values Σx² / count · calls, calls being chunks, without the counts of the
/// experts; then the number of chunks and the name of the text.
extension ImportanceMatrix {
    /// As many entries as a GGUF may have tensors, and longer names than any tensor or text has.
    private static let (entryLimit, nameLimit) = (1 << 19, 1 << 16)

    /// A file of this form has no magic; this is how it fails.
    private struct Reader {
        let file: ReadableFile
        var offset = 0

        var remaining: Int { file.byteCount - offset }

        func failure(_ what: String) -> ImportanceError {
            ImportanceError(.invalidLegacyForm(what, offset: offset), path: file.path)
        }

        /// The next number, if it is in `range`.
        mutating func integer(_ what: String, in range: ClosedRange<Int>) throws -> Int {
            guard remaining >= 4 else { throw failure(what) }
            let value = try file.bytes(offset..<offset + 4).withUnsafeBytes {
                Int(Int32(littleEndian: $0.loadUnaligned(as: Int32.self)))
            }
            offset += 4
            guard range.contains(value) else { throw failure(what) }
            return value
        }

        mutating func string(_ what: String, atLeast minimum: Int) throws -> String {
            let limit = min(ImportanceMatrix.nameLimit, remaining - 4)
            let count = try integer("length of \(what)", in: minimum...max(minimum, limit))
            guard count <= remaining,
                let text = String(validating: try file.bytes(offset..<offset + count), as: UTF8.self)
            else { throw failure(what) }
            offset += count
            return text
        }
    }

    /// What an entry says of itself, and where its values are.
    private struct Outline {
        let name: String
        let callCount: Int
        let valueCount: Int
        let offset: Int

        init(_ reader: inout Reader) throws {
            name = try reader.string("name", atLeast: 1)
            callCount = try reader.integer("number of calls", in: 0...Int(Int32.max))
            valueCount = try reader.integer("number of values", in: 1...max(1, (reader.remaining - 4) / 4))
            offset = reader.offset
            guard 4 * valueCount <= reader.remaining else { throw reader.failure("values") }
            reader.offset += 4 * valueCount
        }

        func entry(in file: ReadableFile) throws -> Entry? {
            let bits = try [UInt32](unsafeUninitializedCapacity: valueCount) { buffer, count in
                let numbers = UnsafeMutableBufferPointer(rebasing: buffer[..<valueCount])
                try file.read(at: offset, into: UnsafeMutableRawBufferPointer(numbers))
                count = valueCount
            }
            return Entry(
                rowLength: valueCount, sums: bits.map { Float(bitPattern: UInt32(littleEndian: $0)) },
                counts: [Float(callCount)])
        }
    }

    /// Reads a file that is not GGUF: its values once its counts are known to account for all of its bytes.
    init(legacy file: ReadableFile) throws {
        guard file.byteCount <= InputLimit.importance.byteCount else {
            throw FileError(.tooLarge(.importance, byteCount: file.byteCount), path: file.path)
        }
        var reader = Reader(file: file)
        // An entry takes a length, a name of at least one byte, two numbers and a value.
        let entryCount = try reader.integer(
            "number of entries", in: 1...max(1, min(Self.entryLimit, file.byteCount / 17)))
        let outlines = try (0..<entryCount).map { _ in try Outline(&reader) }
        // Files of the first programs end here.
        let hasEnd = reader.remaining > 0
        let chunkCount = hasEnd ? try reader.integer("number of chunks", in: 0...Int(Int32.max)) : 0
        let dataset = reader.remaining > 0 ? try reader.string("text name", atLeast: 0) : ""
        guard reader.remaining == 0 else { throw reader.failure("end of the file") }
        var entries: [String: Entry] = [:]
        for outline in outlines {
            guard let entry = try outline.entry(in: file) else {
                throw ImportanceError(.invalidNumber, path: file.path, tensor: outline.name)
            }
            guard entries.updateValue(entry, forKey: outline.name) == nil else {
                throw ImportanceError(.duplicateEntry, path: file.path, tensor: outline.name)
            }
        }
        self.init(
            entries: entries, datasets: dataset.isEmpty ? [] : [dataset], chunkCount: chunkCount, chunkSize: 0)
    }

    func writeLegacy(to path: String) throws {
        // An expert that has seen nothing counts 1; a weight of which none has is left out.
        let written = sortedEntries.filter { $0.entry.counts.contains { $0 > 0 } }
        guard !written.isEmpty else { throw ImportanceError(.noEntries, path: path) }
        var file = try AtomicFile(path: path)
        try file.append(clamping: written.count)
        for (name, entry) in written {
            let most = Int(min(entry.counts.max()!, Float(1 << 30)))
            let callCount = (most + max(chunkSize, 1) - 1) / max(chunkSize, 1)
            try file.append(clamping: name.count)
            try file.append(name.bytes)
            try file.append(clamping: callCount)
            try file.append(clamping: entry.sums.count)
            let calls = Float(callCount)
            for expert in 0..<entry.expertCount {
                let means = entry.weights(expert: expert) ?? [Float](repeating: 1, count: entry.rowLength)
                let values = means.map { $0 * calls }
                guard values.allSatisfy(\.isFinite) else {
                    throw ImportanceError(.invalidNumber, path: path, tensor: name.description)
                }
                try values.map(\.bitPattern.littleEndian).withUnsafeBytes { try file.append($0) }
            }
        }
        try file.append(clamping: chunkCount)
        let dataset = ByteString(datasets.last ?? "")
        try file.append(clamping: dataset.count)
        try file.append(dataset.bytes)
        try file.commit()
    }
}

extension AtomicFile {
    fileprivate mutating func append(clamping number: Int) throws {
        try withUnsafeBytes(of: Int32(clamping: number).littleEndian) { try append($0) }
    }
}
