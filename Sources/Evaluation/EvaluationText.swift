import FoundationEssentials
import TensorCore

/// A text that models are evaluated or calibrated on.
public struct EvaluationText: Sendable {
    /// What reports call it.
    public let name: String
    /// UTF-8.
    public let bytes: [UInt8]
    /// The file that it comes from, if it does.
    public let path: String?

    /// Decompressed texts may not be larger than this, in bytes.
    private static let decompressedByteLimit = 8 << 30

    public init(name: String, bytes: [UInt8], path: String? = nil) {
        self.name = name
        self.bytes = bytes
        self.path = path
    }

    /// Reads a plain or `.zst` text file; its name is the file's, without extensions.
    ///
    /// - Throws: ``FileError`` when the file cannot be read or is not UTF-8.
    public init(contentsOf path: String, name: String? = nil) throws {
        var bytes = try ReadableFile.contents(of: path)
        if path.hasSuffix(".zst") {
            do throws(Zstandard.Failure) {
                bytes = try Zstandard.decompress(bytes, limit: Self.decompressedByteLimit)
            } catch {
                throw EvaluationError(.invalidCompression(error.reason), file: path)
            }
        }
        if let offset = bytes.firstInvalidUTF8Offset() { throw FileError(.notUTF8(offset: offset), path: path) }
        let file = path.split(separator: "/").last.map(String.init) ?? path
        self.init(name: name ?? file.split(separator: ".").first.map(String.init) ?? file, bytes: bytes, path: path)
    }

    /// Unicode scalars.
    public var characterCount: Int { bytes.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) } }
}

extension [UInt8] {
    /// Where the first byte sequence begins that is not UTF-8.
    func firstInvalidUTF8Offset() -> Int? {
        var decoder = Unicode.UTF8.ForwardParser()
        var input = makeIterator()
        var offset = 0
        while true {
            switch decoder.parseScalar(from: &input) {
            case .valid(let scalar): offset += scalar.count
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }
}
