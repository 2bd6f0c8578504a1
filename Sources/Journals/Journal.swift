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
    private let output: String
    /// What decides the result of the run.
    package let identity: RunIdentity
    /// Receives what a user may like to know of what is gone on with.
    package let say: @Sendable (Message) -> Void
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
    ///   - stage: A part of the run that keeps its work by itself; its folder is `OUT.STAGE.work`.
    ///   - identity: What decides the result.
    ///   - isRestarting: Whether what is left is removed first, whatever run it is of.
    ///   - say: Receives what a user may like to know of what is gone on with.
    /// - Throws: ``JournalError`` if the folder is of another run; `FileError` if it is not ours, or another process works
    ///   in it.
    package init(
        output: String, stage: Stage? = nil, identity: RunIdentity, isRestarting: Bool = false,
        say: @escaping @Sendable (Message) -> Void = { _ in }
    ) throws {
        self.say = say
        self.output = output
        folder = Self.folder(of: output, stage)
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
        KeptWork.insert(folder, output: output)
    }

    /// A part of a run that keeps its work apart from that of the whole, since it is done before the output is begun.
    package enum Stage: String, CaseIterable, Sendable {
        /// Measuring what types cost, for a budget.
        case sensitivity
    }

    private static func folder(of output: String, _ stage: Stage?) -> String {
        WorkFolder.path(forOutput: output, stage: stage?.rawValue)
    }

    /// The paths of all folders in which work on an output is kept, there or not.
    package static func folders(of output: String) -> [String] {
        ([nil] + Stage.allCases).map { folder(of: output, $0) }
    }

    /// Whether a run makes files of this name in its folder, besides the marker.
    package static func isOwn(_ name: String) -> Bool { name.hasSuffix(suffix) || growing.contains(name) }

    /// The paths of the files with fixed names that runs keep of an output, there or not.
    ///
    /// - Parameter output: The path of the output.
    package static func files(of output: String) -> [String] {
        (growing + [marker]).map { "\(folder(of: output, nil))/\($0)" }
    }

    /// The bytes that earlier runs have written of an output that grows in its folder.
    ///
    /// - Parameter output: The path of the output.
    package static func growingByteCount(of output: String) -> Int {
        (try? ReadableFile(path: "\(folder(of: output, nil))/\(growing[0])").byteCount) ?? 0
    }

    /// Removes what runs have left of an output, whatever they were.
    ///
    /// - Parameter output: The path of the output.
    /// - Returns: The folders, of which files of others may be left.
    /// - Throws: `FileError` if a folder is not ours, or another process works in it.
    package static func clean(_ output: String) throws -> [String] {
        let there = folders(of: output).filter(WorkFolder.isThere)
        for folder in there { try clean(folder: folder) }
        return there
    }

    /// Removes what a stage has left of an output, since the output is there.
    ///
    /// - Throws: `FileError` if the folder is not ours, or another process works in it.
    package static func remove(stage: Stage, of output: String) throws {
        let folder = Self.folder(of: output, stage)
        if WorkFolder.isThere(folder) { try clean(folder: folder) }
    }

    private static func clean(folder: String) throws {
        try open(folder, RunIdentity()).remove(where: isOwn)
        KeptWork.remove(folder)
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
        var writer = try begin(name, expectedByteCount: expectedByteCount)
        try write(&writer)
        try writer.finish()
    }

    /// Begins a record that grows over some time, and is there when it is finished.
    ///
    /// - Throws: `FileError` if it cannot be written or the folder is not ours.
    package func begin(_ name: String, expectedByteCount: Int = 0) throws -> RecordWriter {
        try begin()
        return try RecordWriter(path: path(of: name), seed: seed(of: name), expectedByteCount: expectedByteCount)
    }

    /// Makes the folder, if there is none.
    private func begin() throws {
        try work.withLock { work in
            guard work == nil else { return }
            work = try Self.open(folder, identity)
            KeptWork.insert(folder, output: output)
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

    /// The bytes of all files that are kept.
    package var foundByteCount: Int { work.withLock { $0?.byteCount ?? 0 } }

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

    // MARK: Ends

    /// Does some work and removes what was kept of it, since its output is there.
    ///
    /// What is kept is left if the work ends with an error of the system, such as a full disk, or lacks memory: the next run
    /// may not meet it. Other errors lie in the inputs, and inputs that are put right are others; the work goes with them.
    ///
    /// - Parameters:
    ///   - journal: What keeps the work; nil if nothing does.
    ///   - removes: Whether what was kept is removed when all went well.
    ///   - work: The work, with the writing of its output.
    package static func perform<Result>(
        _ journal: Journal?, removes: Bool = true, _ work: () throws -> Result
    ) throws -> Result {
        let result: Result
        do {
            result = try work()
        } catch {
            journal?.settle(after: error)
            throw error
        }
        if removes { journal?.remove() }
        return result
    }

    /// Removes what was kept of work that ended with an error, unless the next run may not meet it.
    package func settle(after error: any Error) {
        if !Self.mayPass(error) { remove() }
    }

    /// Whether another run with the same inputs may not meet an error.
    private static func mayPass(_ error: any Error) -> Bool {
        let cause: any Error = (error as? ErrorInFile)?.underlying ?? error
        return cause is FileError || cause is JournalError || (cause as? any DiagnosticError)?.diagnostic.fault == .room
    }

    private func path(of name: String) -> String { "\(folder)/\(name)\(Self.suffix)" }

    /// What digests begin with, so that a record of another run or another name is none.
    private func seed(of name: String) -> [UInt8] { Array("\(digest) \(name)\n".utf8) }
}
