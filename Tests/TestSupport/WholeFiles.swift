import ByteJSON
import Files

// Files of the tests themselves are not those of strangers: they need no limit.

extension ReadableFile {
    /// All bytes of the file at `path`, however many they are.
    public static func contents(of path: String) throws -> [UInt8] {
        let file = try ReadableFile(path: path)
        return try file.bytes(0..<file.byteCount)
    }
}

extension JSON {
    /// Parses the file at `path`, however large it is.
    public init(contentsOf path: String) throws { try self.init(parsing: ReadableFile.contents(of: path)) }
}
