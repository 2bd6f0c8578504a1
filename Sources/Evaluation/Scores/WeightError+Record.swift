import Journals

extension WeightError {
    /// The size in bytes of an error in a record, octaves that have no error left out.
    package var recordByteCount: Int { 8 * (9 + 2 * octaves.count { $0 > 0 }) }

    /// Appends the error to a record.
    package func append(to writer: inout RecordWriter) throws {
        try writer.append(count)
        try writer.append(octaves.count { $0 > 0 })
        for (index, count) in octaves.enumerated() where count > 0 {
            try writer.append(index)
            try writer.append(count)
        }
        try writer.append([greatestError] + sums)
    }

    /// The next error of a record; nil if what is there is none.
    package init?(from reader: inout RecordReader) throws {
        self.init()
        let (count, octaveCount) = (try reader.number(), try reader.number())
        guard count >= 0, (0...octaves.count).contains(octaveCount) else { return nil }
        var octaves = octaves
        for _ in 0..<octaveCount {
            let (index, count) = (try reader.number(), try reader.number())
            guard octaves.indices.contains(index), count > 0 else { return nil }
            octaves[index] = count
        }
        let numbers = try reader.numbers(1 + sums.count)
        self.init(count: count, octaves: octaves, greatestError: numbers[0], sums: Array(numbers.dropFirst()))
    }
}
