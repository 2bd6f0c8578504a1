/// The kinds of files that are taken for others, by their first bytes.
public enum FileKind: String, Sendable, CaseIterable {
    /// A model in GGUF.
    case gguf = "a GGUF file"
    /// Weights in safetensors.
    case safetensors = "a safetensors file"
    /// A zip archive, which PyTorch's files are too.
    case zip = "a zip archive or a PyTorch file"
    /// Data compressed by gzip.
    case gzip = "a gzip file"
    /// Data compressed by Zstandard.
    case zstandard = "a Zstandard file"
    /// Data compressed by xz.
    case xz = "an xz file"
    /// Data compressed by bzip2.
    case bzip2 = "a bzip2 file"
    /// A PDF document.
    case pdf = "a PDF document"
    /// A page of HTML, which a server may have sent in place of a file.
    case html = "an HTML page"
    /// A table in Parquet.
    case parquet = "a Parquet file"

    private static let beginnings: [(FileKind, [UInt8])] = [
        (.gguf, Array("GGUF".utf8)), (.zip, [0x50, 0x4B, 3, 4]), (.gzip, [0x1F, 0x8B]),
        (.zstandard, [0x28, 0xB5, 0x2F, 0xFD]), (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A]), (.bzip2, Array("BZh".utf8)),
        (.pdf, Array("%PDF-".utf8)), (.parquet, Array("PAR1".utf8)),
    ]

    /// Recognizes the kind of a file; nil for text and anything that is not known.
    ///
    /// - Parameter bytes: The beginning of the file: 16 bytes are enough.
    public init?(beginning bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(16))
        if let found = Self.beginnings.first(where: { head.starts(with: $0.1) }) {
            self = found.0
            return
        }
        let text = String(decoding: head, as: UTF8.self).lowercased()
        if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") {
            self = .html
            return
        }
        // A length of eight bytes, then a JSON object.
        guard head.count > 8, head[8] == UInt8(ascii: "{"), head[5...7].allSatisfy({ $0 == 0 }) else { return nil }
        self = .safetensors
    }

    /// What to do with it where a text is expected.
    var adviceForText: Message {
        switch self {
        case .gguf, .safetensors, .zip: "that is a model: give the text to read it on here"
        case .zstandard: "give its name the ending .zst, and it is decompressed"
        case .gzip: "decompress it first: gunzip"
        case .xz: "decompress it first: unxz"
        case .bzip2: "decompress it first: bunzip2"
        case .pdf, .html: "save its text as UTF-8 first"
        case .parquet: "export its texts first, as .txt or as .jsonl with a field \"text\""
        }
    }
}
