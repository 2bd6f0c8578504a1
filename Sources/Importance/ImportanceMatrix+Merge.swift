extension ImportanceMatrix {
    /// Adds the sums of another matrix, as if one run had read the texts of both.
    ///
    /// Sums that were gathered with other padding of the experts are brought to the padding of this matrix.
    ///
    /// - Throws: ``ImportanceError`` if a weight has another shape in `other`, or one of the two comes from a file of
    ///   the older form, which does not say how many rows the experts have seen.
    public mutating func merge(_ other: ImportanceMatrix) throws {
        guard chunkSize > 0, other.chunkSize > 0 else { throw ImportanceError(.unmergeable) }
        var merged = entries
        for (name, added) in other.entries {
            guard let entry = merged[name] else {
                merged[name] = added
                continue
            }
            let added = added.padded(toRowLength: entry.rowLength, of: name) ?? added
            guard entry.rowLength == added.rowLength, entry.expertCount == added.expertCount else {
                throw ImportanceError(
                    .wrongShape(
                        rowLength: added.rowLength, expertCount: added.expertCount,
                        expectedRowLength: entry.rowLength, expectedExpertCount: entry.expertCount),
                    tensor: name)
            }
            let sum = Entry(
                rowLength: entry.rowLength, sums: zip(entry.sums, added.sums).map(+),
                counts: zip(entry.counts, added.counts).map(+))
            guard let sum else { throw ImportanceError(.invalidNumber, tensor: name) }
            merged[name] = sum
        }
        entries = merged
        model = model ?? other.model
        manifest = manifest.flatMap { own in other.manifest.map { own.merged(with: $0) } ?? own } ?? other.manifest
        datasets += other.datasets.filter { !datasets.contains($0) }
        // Counted in chunks of this matrix's size, the last one perhaps not full.
        let tokens = UInt64(other.chunkCount) * UInt64(other.chunkSize)
        let chunks = tokens / UInt64(chunkSize) + (tokens % UInt64(chunkSize) == 0 ? 0 : 1)
        chunkCount = Int(clamping: min(UInt64(chunkCount) + chunks, UInt64(UInt32.max)))
    }
}
