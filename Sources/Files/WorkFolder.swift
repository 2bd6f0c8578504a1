import Platform

/// A folder beside an output in which a long run keeps what it has come to, so that the next one goes on from there.
///
/// A marker file in it says whose it is and what the run is. Folders without one are refused unless they are empty, and so
/// are links; only files that a run has made are removed, and the folder when nothing else is left in it. Two processes
/// cannot work in one folder at once.
public struct WorkFolder: Sendable {
    /// The path of the folder.
    public let path: String
    /// What the run is that the folder is of, as its marker says; nil if it was made, or empty.
    public private(set) var foundDescription: [UInt8]?
    private let marker: String
    private let heading: [UInt8]
    private let lock: FolderLock

    /// Opens the folder, or makes it with its marker.
    ///
    /// - Parameters:
    ///   - path: The path of the folder; the folder around it must exist.
    ///   - marker: The name of the marker file.
    ///   - heading: What markers of such folders begin with, a line without its end.
    ///   - description: What the run is, for a new marker.
    /// - Throws: ``FileError`` if something else is there under this name, if nothing can be made there, or if another
    ///   process works in it.
    public init(_ path: String, marker: String, heading: String, description: [UInt8]) throws {
        self.path = path
        self.marker = marker
        self.heading = Array("\(heading)\n".utf8)
        lock = try FolderLock(path)
        let names = FolderNames.of(path)
        if names.contains(marker) {
            let found = try ReadableFile.contents(of: "\(path)/\(marker)", limit: .calibration)
            guard found.starts(with: self.heading) else { throw FileError(.notOurs, path: path) }
            foundDescription = Array(found.dropFirst(self.heading.count))
            return
        }
        // A run may have ended while it wrote the marker.
        guard names.allSatisfy({ $0 == ".\(marker).partial" }) else { throw FileError(.notOurs, path: path) }
        foundDescription = nil
        try writeMarker(description)
    }

    /// The path of the folder that the work on an output is kept in: beside the file itself, once links to it are
    /// followed, so that files of the folder can become the output.
    ///
    /// - Parameters:
    ///   - output: The path of the output.
    ///   - stage: A part of the work that has a folder of its own; nil for the whole.
    public static func path(forOutput output: String, stage: String? = nil) -> String {
        ((try? OutputLocation(output).path) ?? output) + (stage.map { ".\($0)" } ?? "") + ".work"
    }

    /// Whether there is something under this name, a folder of work or anything else.
    ///
    /// - Parameter path: The path of a folder that a run would work in.
    public static func isThere(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Removes the files that an earlier run has made, and makes the folder that of another.
    ///
    /// - Parameters:
    ///   - description: What the new run is.
    ///   - isOwn: whether a run makes files of a name.
    public mutating func beginAnew(_ description: [UInt8], where isOwn: (_ name: String) -> Bool) throws {
        removeFiles(where: isOwn)
        try writeMarker(description)
        foundDescription = nil
    }

    /// The bytes of all files in the folder.
    public var byteCount: Int {
        Leftover(path: path)?.byteCount ?? 0
    }

    /// Removes the files that a run has made, the marker last, and the folder if nothing is left in it.
    ///
    /// - Parameter isOwn: whether a run makes files of a name.
    public func remove(where isOwn: (_ name: String) -> Bool) {
        guard FolderLock.isFolder(path) else { return }
        removeFiles(where: isOwn)
        unlink("\(path)/\(marker)")
        rmdir(path)
    }

    private func removeFiles(where isOwn: (_ name: String) -> Bool) {
        for name in FolderNames.of(path) where name != marker {
            let finished =
                name.hasPrefix(".") && name.hasSuffix(".partial") ? String(name.dropFirst().dropLast(8)) : name
            if finished == marker || isOwn(finished) { unlink("\(path)/\(name)") }
        }
    }

    private func writeMarker(_ description: [UInt8]) throws {
        var file = try AtomicFile(path: "\(path)/\(marker)")
        try file.append(heading + description)
        try file.commit()
    }
}

/// A folder that this process alone works in, as long as the lock lives.
private final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Makes the folder if there is nothing under its name.
    init(_ path: String) throws {
        while true {
            if mkdir(path, 0o777) != 0, errno != EEXIST { throw FileError.lastSystemError("write", path: path) }
            guard Self.isFolder(path) else { throw FileError(.notOurs, path: path) }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if descriptor < 0, errno == ENOENT { continue }
            guard descriptor >= 0 else { throw FileError.lastSystemError("write", path: path) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let isHeld = errno == EWOULDBLOCK
                let error = FileError.lastSystemError("write", path: path)
                close(descriptor)
                throw isHeld ? FileError(.beingWritten, path: path) : error
            }
            // Another process may have removed its folder between our opening it and its unlocking.
            var (held, named) = (stat(), stat())
            if fstat(descriptor, &held) == 0, lstat(path, &named) == 0, held.st_ino == named.st_ino,
                held.st_dev == named.st_dev
            {
                self.descriptor = descriptor
                return
            }
            close(descriptor)
        }
    }

    deinit { close(descriptor) }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
