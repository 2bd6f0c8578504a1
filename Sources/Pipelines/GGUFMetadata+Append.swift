import GGUFContainer

extension GGUFMetadata {
    /// Sets every key of `other`, in its order.
    mutating func append(_ other: GGUFMetadata) {
        for entry in other.entries { self[entry.key] = entry.value }
    }

    /// Removes what an earlier quantization said about its recipe and importance matrix.
    mutating func removeQuantization() {
        removeAll { key in
            [RecipeFile.key, "swage.types"].contains(key) || key.bytes.starts(with: "quantize.imatrix.".utf8)
        }
    }
}
