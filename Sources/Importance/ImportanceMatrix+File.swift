import Files

extension ImportanceMatrix {
    /// The kinds of files that hold an importance matrix.
    public enum Form: Sendable {
        /// A GGUF file, as llama-imatrix writes it.
        case gguf
        /// llama.cpp's older form, which loses the counts of the experts and all but the last text's name.
        case legacy
    }

    /// Reads the file at `path`, in either form.
    ///
    /// The older form does not tell experts apart: such an entry has one row, the rows of all experts one after the
    /// other, and ``chunkSize`` is 0.
    ///
    /// - Throws: ``ImportanceError`` if it holds no importance matrix or a damaged one, `GGUFError` if it is no proper
    ///   GGUF file, `FileError` if it cannot be read.
    public init(contentsOf path: String) throws {
        let file = try ReadableFile(path: path)
        if try file.bytes(0..<min(4, file.byteCount)) == Array("GGUF".utf8) {
            try self.init(gguf: path)
        } else {
            try self.init(legacy: file)
        }
    }

    /// Writes the file at `path`; the same matrix gives the same bytes.
    ///
    /// - Throws: ``ImportanceError`` if there are no entries, `GGUFError` for a name that is too long, `FileError` if
    ///   it cannot be written.
    public func write(to path: String, form: Form = .gguf) throws {
        switch form {
        case .gguf: try writeGGUF(to: path)
        case .legacy: try writeLegacy(to: path)
        }
    }

    /// The entries in the order of the bytes of their names.
    var sortedEntries: [(name: ByteString, entry: Entry)] {
        entries.map { (ByteString($0.key), $0.value) }.sorted { $0.0 < $1.0 }
    }
}
