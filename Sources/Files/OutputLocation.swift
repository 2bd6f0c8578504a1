import Platform

/// Where an output goes: the file itself, once all symbolic links to it have been followed.
///
/// An output whose name is a link replaces what the link leads to, and the link stays. Names that lead to a device, a pipe,
/// a directory, or to an open file of a process (`/dev/stdout`, `/proc/self/fd/1`) are refused.
struct OutputLocation {
    /// The folder, without links, with a slash at its end.
    let directory: String
    let name: String

    var path: String { directory + name }
    /// The name under which the file grows.
    var partialPath: String { "\(directory).\(name).partial" }

    private static let linkLimit = 40
    /// Folders whose entries are open files, not files of a folder.
    private static let openFileFolders = ["/proc/", "/dev/fd/"]

    /// - Parameter path: the path of the output as the user gave it; errors name it.
    /// - Throws: ``FileError`` if no file can be written there.
    init(_ path: String) throws {
        var current = path
        for _ in 0..<Self.linkLimit {
            let start = current.lastIndex(of: "/").map { current.index(after: $0) } ?? current.startIndex
            let name = String(current[start...])
            guard !name.isEmpty, name != ".", name != ".." else { throw FileError(.notAFileName, path: path) }
            let prefix = String(current[..<start])
            guard let resolved = realpath(prefix.isEmpty ? "." : prefix, nil) else {
                throw FileError.lastSystemError("write", path: path)
            }
            defer { free(resolved) }
            let folder = String(cString: resolved)
            let directory = folder == "/" ? folder : folder + "/"
            guard !Self.openFileFolders.contains(where: directory.hasPrefix) else {
                throw FileError(.notAFileName, path: path)
            }
            var status = stat()
            if lstat(directory + name, &status) != 0 {
                guard errno == ENOENT else { throw FileError.lastSystemError("write", path: path) }
                (self.directory, self.name) = (directory, name)
                return
            }
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                (self.directory, self.name) = (directory, name)
                return
            case S_IFLNK:
                guard let target = Self.target(ofLink: directory + name) else {
                    throw FileError.lastSystemError("write", path: path)
                }
                current = target.hasPrefix("/") ? target : directory + target
            default: throw FileError(.notAFileName, path: path)
            }
        }
        throw FileError(.system(operation: "write", errno: ELOOP), path: path)
    }

    private static func target(ofLink path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) }
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
