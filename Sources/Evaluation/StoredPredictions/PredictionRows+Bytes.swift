import Files

extension PredictionRows {
    /// The rows as bytes, one quantity after the other so that each compresses by itself, little-endian.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func append<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
        append(UInt32(rows.count))
        for row in rows { append(UInt32(row.tokens.count)) }
        for row in rows { append(UInt32(row.sample.count)) }
        for row in rows { append(row.best) }
        for row in rows { append(row.logProbability.bitPattern) }
        for row in rows { append(row.tailMass.bitPattern) }
        for row in rows {
            var previous: Int32 = -1
            for token in row.tokens {
                var gap = token - previous - 1
                while gap >= 128 {
                    bytes.append(UInt8(gap & 127) | 128)
                    gap >>= 7
                }
                bytes.append(UInt8(gap))
                previous = token
            }
        }
        for row in rows { for steps in row.steps { bytes.append(UInt8(steps & 255)) } }
        for row in rows { for steps in row.steps { bytes.append(UInt8(steps >> 8)) } }
        for row in rows { for token in row.sample { append(token) } }
        for row in rows { for value in row.sampleLogProbabilities { append(value.bitPattern) } }
        return bytes
    }

    /// The most bytes that rows can have.
    static func byteLimit(rowCount: Int, vocabularySize: Int) -> Int {
        // 28 for what every row has, up to 6 for a listed token, 8 for a drawn one.
        let (count, overflow) = rowCount.multipliedReportingOverflow(by: 28 + 14 * vocabularySize)
        return overflow ? .max : 4 + count
    }

    /// Reads rows as ``bytes`` has written them.
    ///
    /// - Parameter vocabularySize: The number of tokens; larger token numbers are damage.
    /// - Returns: nil if these are not the bytes of rows.
    init?(bytes: [UInt8], vocabularySize: Int) {
        let rows = bytes.withUnsafeBytes { buffer -> [PredictionRow]? in
            var cursor = ByteCursor(buffer)
            return try? Self.read(&cursor, vocabularySize: vocabularySize)
        }
        guard let rows else { return nil }
        self.rows = rows
    }

    private struct Damage: Error {}

    private static func read(_ cursor: inout ByteCursor, vocabularySize: Int) throws -> [PredictionRow] {
        let rowCount = Int(try cursor.read(UInt32.self))
        guard rowCount <= cursor.remaining / 24 else { throw Damage() }
        func numbers(_ count: Int, limit: Int) throws -> [Int] {
            try (0..<count).map { _ in
                let number = Int(try cursor.read(UInt32.self))
                guard number <= limit else { throw Damage() }
                return number
            }
        }
        let tokenCounts = try numbers(rowCount, limit: vocabularySize)
        let sampleCounts = try numbers(rowCount, limit: vocabularySize)
        let best = try numbers(rowCount, limit: vocabularySize - 1)
        let logProbabilities = try (0..<rowCount).map { _ in try cursor.readDouble() }
        let masses = try (0..<rowCount).map { _ in try cursor.readFloat() }
        guard tokenCounts.reduce(0, +) <= cursor.remaining / 3, sampleCounts.reduce(0, +) <= cursor.remaining / 8,
            logProbabilities.allSatisfy({ $0.isFinite && $0 <= 0.001 }), masses.allSatisfy({ $0 >= 0 && $0 <= 1.001 })
        else { throw Damage() }
        let tokens = try tokenCounts.map { count in
            var previous = -1
            return try (0..<count).map { _ -> Int32 in
                var (gap, shift) = (0, 0)
                while true {
                    let byte = try cursor.read(UInt8.self)
                    gap |= Int(byte & 127) << shift
                    guard byte >= 128 else { break }
                    shift += 7
                    guard shift < 28 else { throw Damage() }
                }
                previous += gap + 1
                guard previous < vocabularySize else { throw Damage() }
                return Int32(previous)
            }
        }
        let low = try tokenCounts.map { try cursor.read(count: $0) }
        let high = try tokenCounts.map { try cursor.read(count: $0) }
        let samples = try sampleCounts.map { try numbers($0, limit: vocabularySize - 1).map(Int32.init) }
        let sampleLogProbabilities = try sampleCounts.map { count in
            try (0..<count).map { _ in
                let value = try cursor.readFloat()
                guard value.isFinite, value <= 0.001 else { throw Damage() }
                return value
            }
        }
        guard cursor.remaining == 0 else { throw Damage() }
        return (0..<rowCount).map { row in
            PredictionRow(
                tokens: tokens[row], steps: zip(low[row], high[row]).map { UInt16($0) | UInt16($1) << 8 },
                best: Int32(best[row]), tailMass: masses[row], sample: samples[row],
                sampleLogProbabilities: sampleLogProbabilities[row], logProbability: logProbabilities[row])
        }
    }
}
