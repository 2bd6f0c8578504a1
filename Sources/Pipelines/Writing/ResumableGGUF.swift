import Digests
import Files
import GGUF
import Journals
import Models
import Tensors

/// A GGUF that is written tensor by tensor, by as many runs as it takes.
///
/// From its first complete tensor on the file grows in the work folder of its output, beside a list with the checksum of each
/// complete tensor's bytes: the next run goes on behind the last tensor whose bytes are still what they were.
struct ResumableGGUF: ~Copyable, TensorSink {
    /// The tensors that earlier runs have completed.
    let keptCount: Int
    private let journal: Journal
    private var writer: GGUFWriter
    /// A checksum and a line feed for each complete tensor; nil until there is one.
    private var list: ResumableFile?
    private let checksum = Checksum()

    private static let lineByteCount = Checksum.hexadecimalLength + 1

    private init(keptCount: Int, _ journal: Journal, _ writer: consuming GGUFWriter, list: ResumableFile?) {
        self.keptCount = keptCount
        self.journal = journal
        self.writer = writer
        self.list = list
    }

    /// Begins the file, or goes on with it.
    ///
    /// - Parameters:
    ///   - output: the path of the complete file.
    ///   - identity: what decides the tensors' bytes beside the header.
    ///   - isRestarting: whether what an earlier run has kept is removed.
    ///   - progress: is told of the check of what was kept, and of its result.
    /// - Throws: `JournalError` if what was kept is of another run; `FileError` if nothing can be written.
    static func open(
        output: String, layout: GGUFLayout, identity: RunIdentity, isRestarting: Bool, progress: ProgressHandler
    ) throws -> ResumableGGUF {
        var identity = identity
        identity.add("the types, the options or the metadata", SHA256.hexadecimal(of: layout.header))
        let journal = try Journal(output: output, identity: identity, isRestarting: isRestarting)
        guard let found = journal.foundOutput else {
            return try ResumableGGUF(keptCount: 0, journal, GGUFWriter(path: output, layout: layout), list: nil)
        }
        progress(.stage(.checking(path: found)))
        let list = try journal.completionList()
        var file = try AtomicFile(path: output, continuing: found)
        let keptCount = try intactCount(of: list.contents, in: ReadableFile(path: found), layout)
        if keptCount == 0 {
            try file.truncate(to: 0)
            try file.append(layout.header)
        } else {
            try file.truncate(to: (layout.dataOffsets + [layout.byteCount])[keptCount])
        }
        try list.keep(keptCount * lineByteCount)
        progress(.note("going on after tensor \(keptCount) of \(layout.tensors.count)"))
        return ResumableGGUF(
            keptCount: keptCount, journal, GGUFWriter(continuing: file, layout: layout, tensorCount: keptCount),
            list: list)
    }

    /// The bytes that earlier runs have written of an output.
    static func heldByteCount(of output: String) -> Int { Journal.growingByteCount(of: output) }

    /// How many of the first tensors are complete and undamaged.
    private static func intactCount(of list: [UInt8], in file: ReadableFile, _ layout: GGUFLayout) throws -> Int {
        let header = layout.header
        guard file.byteCount >= header.count, try file.bytes(0..<header.count) == header else { return 0 }
        let starts = layout.dataOffsets
        let ends = starts.dropFirst() + [layout.byteCount]
        var count = 0
        for (tensor, (start, end)) in zip(layout.tensors, zip(starts, ends)) {
            let line = list.dropFirst(count * lineByteCount).prefix(lineByteCount)
            guard line.count == lineByteCount, file.byteCount >= end else { break }
            guard try Array(line) == Array("\(file.checksum(of: start..<start + tensor.byteCount))\n".utf8) else {
                break
            }
            count += 1
        }
        return count
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        checksum.update(bytes)
        try writer.append(bytes)
    }

    mutating func endTensor() throws {
        try writer.endTensor()
        try writer.flush()
        if list == nil {
            try writer.keep(as: journal.growingOutput())
            list = try journal.completionList()
        }
        try list?.append(Array("\(checksum.finish())\n".utf8))
    }

    /// Removes what was kept, unless the next run may not meet the error that ended the writing.
    func settle(after error: any Error) { journal.settle(after: error) }

    mutating func finish() throws {
        try writer.finish()
        journal.remove()
    }
}
