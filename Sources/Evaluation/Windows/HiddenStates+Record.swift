import Journals
import Runtime

extension RecordWriter {
    /// Appends the values of all rows; how many there are is known to the reader.
    package mutating func append(_ states: HiddenStates) throws {
        try states.withBytes { try append($0) }
    }
}

extension RecordReader {
    /// The next rows of values.
    package mutating func states(rowCount: Int, columns: Int) throws -> HiddenStates {
        try HiddenStates(rowCount: rowCount, columns: columns) { try read(into: $0) }
    }
}

extension HiddenStates {
    /// The size in bytes of the values in a record.
    package static func recordByteCount(rowCount: Int, columns: Int) -> Int { 4 * rowCount * columns }
}
