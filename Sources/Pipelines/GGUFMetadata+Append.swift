import GGUFContainer

extension GGUFMetadata {
    /// Sets every key of `other`, in its order.
    mutating func append(_ other: GGUFMetadata) {
        for entry in other.entries { self[entry.key] = entry.value }
    }
}
