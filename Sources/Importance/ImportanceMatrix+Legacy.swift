import Files

/// llama.cpp's older form: for every weight its values Σx² / count · calls, calls being chunks, without the counts of the
/// experts; then the number of chunks and the name of the text.
extension ImportanceMatrix {
    /// A file of this form has no magic; this is how it fails.
    private struct Reader {
        let path: String
        var cursor: ByteCursor

        func failure(_ what: String) -> ImportanceError {
            ImportanceError(.invalidLegacyForm(what, offset: cursor.offset), path: path)
        }

        /// The next number, if it is in `range`.
        mutating func integer(_ what: String, in range: ClosedRange<Int>) throws -> Int {
            guard let value = try? cursor.read(Int32.self), range.contains(Int(value)) else { throw failure(what) }
            return Int(value)
        }

        mutating func string(_ what: String, atLeast minimum: Int) throws -> String {
            let count = try integer("length of \(what)", in: minimum...max(minimum, cursor.remaining))
            guard let bytes = try? cursor.read(count: count), let text = String(validating: bytes, as: UTF8.self)
            else { throw failure(what) }
            return text
        }
    }

    /// Reads a file that is not GGUF.
    init(legacyBytes bytes: UnsafeRawBufferPointer, path: String) throws {
        var reader = Reader(path: path, cursor: ByteCursor(bytes))
        // An entry takes a length, a name of at least one byte, two numbers and a value.
        let entryCount = try reader.integer("number of entries", in: 1...max(1, bytes.count / 17))
        var entries: [String: Entry] = [:]
        for _ in 0..<entryCount {
            let name = try reader.string("name", atLeast: 1)
            let callCount = try reader.integer("number of calls", in: 0...Int(Int32.max))
            let valueCount = try reader.integer("number of values", in: 1...max(1, reader.cursor.remaining / 4))
            var values: [Float] = []
            values.reserveCapacity(valueCount)
            for _ in 0..<valueCount {
                guard let value = try? reader.cursor.readFloat() else { throw reader.failure("values") }
                values.append(value)
            }
            guard let entry = Entry(rowLength: valueCount, sums: values, counts: [Float(callCount)]) else {
                throw ImportanceError(.invalidNumber, path: path, tensor: name)
            }
            guard entries.updateValue(entry, forKey: name) == nil else {
                throw ImportanceError(.duplicateEntry, path: path, tensor: name)
            }
        }
        // Files of the first programs end here.
        let hasEnd = reader.cursor.remaining > 0
        let chunkCount = hasEnd ? try reader.integer("number of chunks", in: 0...Int(Int32.max)) : 0
        let dataset = reader.cursor.remaining > 0 ? try reader.string("text name", atLeast: 0) : ""
        guard reader.cursor.remaining == 0 else { throw reader.failure("end of the file") }
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
