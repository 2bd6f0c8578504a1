import Platform

/// A file or folder that runs which ended early have left beside an output.
public struct Leftover: Sendable {
    /// The path of the file or folder.
    public let path: String
    /// The bytes of the file, or of the files in the folder.
    public let byteCount: Int

    /// Something under a path; nil if there is nothing.
    ///
    /// - Parameter path: The path of a file or folder; links are not followed.
    public init?(path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.path = path
        byteCount =
            status.st_mode & S_IFMT == S_IFDIR
            ? FolderNames.of(path).reduce(0) { $0 + (Leftover(path: "\(path)/\($1)")?.byteCount ?? 0) }
            : Int(status.st_size)
    }

    /// The files that runs have left beside an output: what would have become the file, or its parts, what was
    /// written and found wrong, and what an unfinished measurement is kept in.
    ///
    /// - Parameter output: The path of the output; of parts their name without the number.
    /// - Throws: ``FileError`` if no file can be written there.
    public static func files(of output: String) throws -> [Leftover] {
        let location = try OutputLocation(output)
        let stem = location.name.hasSuffix(".gguf") ? String(location.name.dropLast(5)) : location.name
        return FolderNames.of(location.directory).sorted().filter { name in
            let beside = ["unfinished", "rejected"].map { "\(location.name).\($0)" }
            if beside.contains(name) || isState(name, of: location.name) { return true }
            guard name.hasPrefix("."), name.hasSuffix(".partial") else { return false }
            let target = name.dropFirst().dropLast(8)
            return target == location.name || isPart(target, of: stem)
        }.compactMap { Leftover(path: location.directory + $0) }
    }

    /// Removes the file.
    ///
    /// - Throws: ``FileError`` if another process is writing it, or it is not one that a run has made.
    public func removeFile() throws {
        close(try ExclusiveFile.descriptor(of: path, access: O_WRONLY, for: path))
        guard unlink(path) == 0 else { throw FileError.lastSystemError("remove", path: path) }
    }

    /// `STEM-00001-of-00003.gguf`.
    private static func isPart(_ name: Substring, of stem: String) -> Bool {
        guard name.hasPrefix("\(stem)-"), name.hasSuffix(".gguf") else { return false }
        let numbers = name.dropFirst(stem.count + 1).dropLast(5)
        let isDigit = numbers.map { $0.isASCII && $0.isNumber }
        return numbers.count == 14 && numbers.dropFirst(5).hasPrefix("-of-")
            && isDigit.prefix(5).allSatisfy(\.self) && isDigit.suffix(5).allSatisfy(\.self)
    }

    private static func isState(_ name: String, of output: String) -> Bool {
        name.hasPrefix("\(output).state") && UInt(name.dropFirst(output.count + 6)) != nil
    }
}

/// The entries of folders.
enum FolderNames {
    /// The names in a folder, in no order; none if it cannot be read.
    static func of(_ folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
