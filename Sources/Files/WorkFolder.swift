import Platform

/// A folder beside an output in which a long run keeps what it has come to, so that the next one goes on from there.
///
/// A marker file in it says whose it is and what the run is. Folders without one are refused unless they are empty, and so
/// are links; only files that a run has made are removed, and the folder when nothing else is left in it.
public struct WorkFolder: Sendable {
    /// The path of the folder.
    public let path: String
    /// What the run is that the folder is of, as its marker says; nil if it was made, or empty.
    public let foundDescription: [UInt8]?
    private let marker: String

    /// Opens the folder, or makes it with its marker.
    ///
    /// - Parameters:
    ///   - path: The path of the folder; the folder around it must exist.
    ///   - marker: The name of the marker file.
    ///   - heading: What markers of such folders begin with, a line without its end.
    ///   - description: What the run is, for a new marker.
    /// - Throws: ``FileError`` if something else is there under this name, or nothing can be made there.
    public init(_ path: String, marker: String, heading: String, description: [UInt8]) throws {
        self.path = path
        self.marker = marker
        if mkdir(path, 0o777) != 0 {
            guard errno == EEXIST else { throw FileError.lastSystemError("write", path: path) }
        }
        guard Self.isFolder(path) else { throw FileError(.notOurs, path: path) }
        let heading = Array("\(heading)\n".utf8)
        let names = Self.names(in: path)
        if names.contains(marker) {
            let found = try ReadableFile.contents(of: "\(path)/\(marker)", limit: .calibration)
            guard found.starts(with: heading) else { throw FileError(.notOurs, path: path) }
            foundDescription = Array(found.dropFirst(heading.count))
            return
        }
        // A run may have ended while it wrote the marker.
        guard names.allSatisfy({ $0 == ".\(marker).partial" }) else { throw FileError(.notOurs, path: path) }
        foundDescription = nil
        var file = try AtomicFile(path: "\(path)/\(marker)")
        try file.append(heading + description)
        try file.commit()
    }

    /// Removes the files that a run has made, the marker last, and the folder if nothing is left in it.
    ///
    /// - Parameter isOwn: whether a run makes files of a name.
    public func remove(where isOwn: (_ name: String) -> Bool) {
        guard Self.isFolder(path) else { return }
        for name in Self.names(in: path) where name != marker {
            let finished =
                name.hasPrefix(".") && name.hasSuffix(".partial") ? String(name.dropFirst().dropLast(8)) : name
            if finished == marker || isOwn(finished) { unlink("\(path)/\(name)") }
        }
        unlink("\(path)/\(marker)")
        rmdir(path)
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func names(in folder: String) -> [String] {
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
