import ByteJSON
import Compression
import Files
import FoundationEssentials

/// A text that models are evaluated or calibrated on.
public struct EvaluationText: Sendable {
    /// The name of the text in reports.
    public let name: String
    /// The text as UTF-8.
    public let bytes: [UInt8]
    /// The path of the file that the text comes from; nil if it comes from none.
    public let path: String?

    /// A text from memory.
    ///
    /// - Parameters:
    ///   - name: What reports call it.
    ///   - bytes: The text as UTF-8.
    ///   - path: The file that it comes from, if it comes from one.
    public init(name: String, bytes: [UInt8], path: String? = nil) {
        self.name = name
        self.bytes = bytes
        self.path = path
    }

    /// Reads a text file: plain, or `.jsonl` with a `text` in each line's object; either may be compressed as `.zst`. Texts of
    /// lines are joined by an empty line, as HuggingFace joins those of a dataset. Its name is the file's, without extensions.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - name: What reports call it, if not by the file's name.
    ///   - limit: What the file is, which says how large it may be, compressed or not.
    /// - Throws: `FileError` when the file is too large, cannot be read or is not UTF-8, ``EvaluationError`` when a line has
    ///   no text.
    public init(contentsOf path: String, name: String? = nil, limit: InputLimit = .text) throws {
        var bytes = try Self.decompressedContents(of: path, limit: limit)
        if path.hasSuffix(".jsonl") || path.hasSuffix(".jsonl.zst") {
            bytes = try Self.joinedTexts(of: bytes, path: path)
        }
        self.init(name: name ?? Self.name(ofFile: path), bytes: bytes, path: path)
    }

    /// What a file of UTF-8 holds, once decompressed if its name ends in `.zst`.
    static func decompressedContents(of path: String, limit: InputLimit) throws -> [UInt8] {
        let bytes = try decompressedBytes(of: path, limit: limit)
        try demandUTF8(bytes, path: path)
        return bytes
    }

    /// What a file holds, once decompressed if its name ends in `.zst`.
    static func decompressedBytes(of path: String, limit: InputLimit) throws -> [UInt8] {
        var bytes = try ReadableFile.contents(of: path, limit: limit)
        if path.hasSuffix(".zst") {
            do throws(Zstandard.Failure) {
                bytes = try Zstandard.decompress(bytes, limit: limit.decompressedByteCount(ofCompressed: bytes.count))
            } catch {
                throw EvaluationError(.invalidCompression(error.reason), file: path)
            }
        }
        return bytes
    }

    static func demandUTF8(_ bytes: [UInt8], path: String) throws {
        let validCount = ByteString(bytes).validPrefixLength
        guard validCount == bytes.count else {
            throw FileError(FileKind(beginning: bytes).map { .noText($0) } ?? .notUTF8(offset: validCount), path: path)
        }
    }

    /// The file's name without folder and extensions.
    static func name(ofFile path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.split(separator: ".").first.map(String.init) ?? file
    }

    private static func joinedTexts(of lines: [UInt8], path: String) throws -> [UInt8] {
        var result: [UInt8] = []
        var isFirst = true
        for (index, line) in lines.lines {
            guard let text = (try? JSON(parsing: Array(line)))?["text"]?.bytes else {
                throw EvaluationError(.noText(line: index + 1), file: path)
            }
            if !isFirst { result += [0x0a, 0x0a] }
            result += text.bytes
            isFirst = false
        }
        return result
    }

    /// The number of Unicode scalars of the text.
    public var characterCount: Int { bytes.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) } }
}
