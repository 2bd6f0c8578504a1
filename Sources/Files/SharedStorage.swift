import Platform

/// Storage that several machines work on together, by files that get their names when they are complete.
package enum SharedStorage {
    /// Tries whether a file takes the place of another in one step, as work in parts needs it.
    ///
    /// A file is put in the place of another that is open: the name has to lead to the new bytes at once, the old name to
    /// nothing, and who had the old file open must go on reading it. Some mounts of object stores copy instead, or refuse.
    /// What is tried with is removed.
    ///
    /// - Parameter folder: The folder that machines share.
    /// - Throws: ``SharedStorageError`` if the storage does otherwise, and ``FileError`` if nothing can be written there.
    package static func check(_ folder: String) throws {
        let token = UInt64.random(in: .min ... .max)
        let (old, new) = (Probe("\(folder)/.probe-\(token)-old"), Probe("\(folder)/.probe-\(token)-new"))
        defer {
            old.remove()
            new.remove()
        }
        try old.write(Array("old".utf8), folder)
        try new.write(Array("new".utf8), folder)
        let reader = try ReadableFile(path: old.path)
        guard rename(new.path, old.path) == 0 else {
            throw SharedStorageError(.renameRefused(String(cString: strerror(errno))), path: folder)
        }
        guard try ReadableFile(path: old.path).bytes(0..<3) == Array("new".utf8) else {
            throw SharedStorageError(.staleName, path: folder)
        }
        guard !WorkFolder.isThere(new.path) else { throw SharedStorageError(.bothNames, path: folder) }
        guard (try? reader.bytes(0..<3)) == Array("old".utf8) else {
            throw SharedStorageError(.openFileChanged, path: folder)
        }
    }

    /// A small file that is made anew.
    private struct Probe {
        let path: String

        init(_ path: String) { self.path = path }

        func write(_ bytes: [UInt8], _ folder: String) throws {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
            guard descriptor >= 0 else { throw FileError.lastSystemError("write", path: folder) }
            defer { close(descriptor) }
            guard SystemCall.repeated({ Platform.write(descriptor, bytes, bytes.count) }) == bytes.count else {
                throw FileError.lastSystemError("write", path: folder)
            }
        }

        func remove() { _ = unlink(path) }
    }
}

/// An error of storage on which work in parts would not be safe.
package struct SharedStorageError: DiagnosticError {
    /// What the storage does otherwise than it must.
    package enum Kind: Sendable, Equatable {
        /// A file cannot take the place of another; the system's reason.
        case renameRefused(String)
        /// A name leads to old bytes after another file has got it.
        case staleName
        /// A file that was renamed has its old name too.
        case bothNames
        /// A file that is open changes when another gets its name.
        case openFileChanged
    }

    /// What the storage does otherwise than it must.
    package let kind: Kind
    /// The folder on the storage.
    package let path: String

    init(_ kind: Kind, path: String) {
        self.kind = kind
        self.path = path
    }

    /// The error in words: the folder, and what happens in it.
    package var diagnostic: Diagnostic {
        let found =
            switch kind {
            case .renameRefused(let reason): "a file cannot take the place of another (\(reason))"
            case .staleName: "a name leads to an old file after a new one has got it"
            case .bothNames: "a file that is renamed keeps its old name"
            case .openFileChanged: "a file that is open changes when another one gets its name"
            }
        return Diagnostic(
            .usage, file: path, "this storage is not fit for work in parts: \(found)",
            advice:
                "put the plan on storage that renames files in one step, such as NFS, Lustre, CephFS or a local disk")
    }
}
