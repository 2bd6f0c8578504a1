import Digests
import Journals
import SafetensorsIO
import Tensors

/// Files of weights, of each of which a record says when it is complete what its data are.
struct JournaledShards: ~Copyable, TensorSink {
    private var writer: SafetensorsShardWriter
    private let journal: Journal
    private let checksum = Checksum()

    init(_ writer: consuming SafetensorsShardWriter, _ journal: Journal) {
        self.writer = writer
        self.journal = journal
    }

    /// The name of the record of a file, counted from 0: the checksum of its data.
    static func recordName(_ number: Int) -> String { "file-\(number + 1)" }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        checksum.update(bytes)
        try writer.append(bytes)
    }

    mutating func endTensor() throws {
        let number = writer.finishedCount
        try writer.endTensor()
        guard writer.finishedCount > number else { return }
        try journal.keep(Self.recordName(number), Array(checksum.finish().utf8))
    }

    mutating func finish() throws { try writer.finish() }
}
