import Digests
import Files
import Platform
import Synchronization

/// What a long run has come to, in a folder beside its output, so that a run that ends early is continued.
///
/// `OUT.work/run.json` says what the run is. Each record is a file of its own, `NAME.record`, with a digest at its end that
/// is of the run, the name and the content: a record that is damaged, or of another run, counts as none. The folder is made
/// with the first record, and removed when the output is there.
package final class Journal: Sendable {
    /// The path of the folder.
    package let folder: String
    /// What decides the result of the run.
    package let identity: RunIdentity
    private let digest: String
    private let work: Mutex<WorkFolder?>

    private static let marker = "run.json"
    private static let heading = "swage-work 1"
    private static let suffix = ".record"
    /// An output that grows, and the list of what of it is complete.
    private static let growing = ["data", "complete"]

    /// Opens what an earlier run of the same identity has left, if anything.
    ///
    /// - Parameters:
    ///   - output: The path of the result; the folder is `OUT.work`.
    ///   - identity: What decides the result.
    ///   - isRestarting: Whether what is left is removed first, whatever run it is of.
    /// - Throws: ``JournalError`` if the folder is of another run; `FileError` if it is not ours, or another process works
    ///   in it.
    package init(output: String, identity: RunIdentity, isRestarting: Bool = false) throws {
        folder = Self.folder(of: output)
        self.identity = identity
        digest = identity.digest
        guard WorkFolder.isThere(folder) else {
            work = Mutex(nil)
            return
        }
        var found = try Self.open(folder, identity)
        if let description = found.foundDescription {
            if isRestarting {
                try found.beginAnew(identity.bytes, where: Self.isOwn)
            } else if let difference = identity.difference(from: description) {
                throw JournalError(.otherRun(difference), folder: folder)
            }
        }
        work = Mutex(found)
        KeptWork.insert(folder)
    }

    /// The path of the folder in which the work on an output is kept.
    package static func folder(of output: String) -> String { WorkFolder.path(forOutput: output) }

    /// Whether a run makes files of this name in its folder, besides the marker.
    package static func isOwn(_ name: String) -> Bool { name.hasSuffix(suffix) || growing.contains(name) }

    /// The bytes that earlier runs have written of an output that grows in its folder.
    ///
    /// - Parameter output: The path of the output.
    package static func growingByteCount(of output: String) -> Int {
        (try? ReadableFile(path: "\(folder(of: output))/\(growing[0])").byteCount) ?? 0
    }

    /// Removes what runs have left of an output, whatever they were.
    ///
    /// - Parameter output: The path of the output.
    /// - Returns: The folder, of which files of others may be left; nil if there was none.
    /// - Throws: `FileError` if the folder is not ours, or another process works in it.
    package static func clean(_ output: String) throws -> String? {
        let folder = folder(of: output)
        guard WorkFolder.isThere(folder) else { return nil }
        try open(folder, RunIdentity()).remove(where: isOwn)
        return folder
    }

    private static func open(_ folder: String, _ identity: RunIdentity) throws -> WorkFolder {
        try WorkFolder(folder, marker: marker, heading: heading, description: identity.bytes)
    }

    // MARK: Records

    /// Keeps a record; one of the same name is replaced as soon as this one is complete.
    ///
    /// - Parameters:
    ///   - name: The record's name, of letters, digits and `-`.
    ///   - expectedByteCount: The size of the content in bytes, 0 if it is not known; it is checked against the free room of
    ///     the disk.
    ///   - write: Appends the content.
    /// - Throws: `FileError` if it cannot be written or the folder is not ours, and what `write` throws.
    package func keep(
        _ name: String, expectedByteCount: Int = 0, _ write: (inout RecordWriter) throws -> Void
    ) throws {
        try begin()
        var writer = try RecordWriter(
            path: path(of: name), seed: seed(of: name), expectedByteCount: expectedByteCount)
        try write(&writer)
        try writer.finish()
    }

    /// Makes the folder, if there is none.
    private func begin() throws {
        try work.withLock { work in
            guard work == nil else { return }
            work = try Self.open(folder, identity)
            KeptWork.insert(folder)
        }
    }

    /// Keeps a record of bytes.
    package func keep(_ name: String, _ bytes: [UInt8]) throws {
        try keep(name, expectedByteCount: bytes.count) { try $0.append(bytes) }
    }

    /// The record of a name, complete and undamaged; nil if there is none.
    ///
    /// All of it is read once to see that.
    package func record(_ name: String) throws -> Record? {
        guard work.withLock({ $0 != nil }) else { return nil }
        return try Record(path: path(of: name), seed: seed(of: name))
    }

    /// Removes a record that is needed no more.
    package func discard(_ name: String) { _ = unlink(path(of: name)) }

    /// Removes all that runs have kept, and the folder, since the output is there.
    package func remove() {
        work.withLock { work in
            work?.remove(where: Self.isOwn)
            work = nil
        }
        KeptWork.remove(folder)
    }

    // MARK: An output that grows

    /// The path of an output that grows in the folder over several runs; the folder is made if there is none.
    ///
    /// - Throws: `FileError` if the folder cannot be made.
    package func growingOutput() throws -> String {
        try begin()
        return "\(folder)/\(Self.growing[0])"
    }

    /// The path of the growing output that an earlier run has left; nil if there is none.
    package var foundOutput: String? {
        let path = "\(folder)/\(Self.growing[0])"
        return work.withLock { $0 != nil } && WorkFolder.isThere(path) ? path : nil
    }

    /// The list of what of a growing output is complete, which grows with it.
    ///
    /// - Throws: `FileError` if it cannot be read and written.
    package func completionList() throws -> ResumableFile {
        try ResumableFile(path: "\(folder)/\(Self.growing[1])", isUsableUnfinished: true)
    }

    private func path(of name: String) -> String { "\(folder)/\(name)\(Self.suffix)" }

    /// What digests begin with, so that a record of another run or another name is none.
    private func seed(of name: String) -> [UInt8] { Array("\(digest) \(name)\n".utf8) }
}
