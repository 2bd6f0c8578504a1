import Files
import Foundation
import Parallelism

/// Writes random weights as safetensors shards with their index, a slab of rows at a time.
struct CheckpointWriter {
    let directory: URL
    let weights: RandomWeights
    let parallel: Parallel

    private static let shardLimit = 1_000_000_000
    private static let slabByteCount = 1 << 24

    private struct Shard {
        var tensors: [(number: Int, tensor: PlannedTensor)] = []
        var byteCount = 0
    }

    /// - Returns: the bytes of all tensors.
    func write(_ tensors: [PlannedTensor]) throws -> Int {
        var shards = [Shard()]
        for (number, tensor) in tensors.enumerated() {
            if shards[shards.count - 1].byteCount + tensor.byteCount > Self.shardLimit { shards.append(Shard()) }
            shards[shards.count - 1].tensors.append((number, tensor))
            shards[shards.count - 1].byteCount += tensor.byteCount
        }
        var fileOfTensor: [String: String] = [:]
        for (position, shard) in shards.enumerated() {
            let name = String(format: "model-%05d-of-%05d.safetensors", position + 1, shards.count)
            try write(shard, to: directory.appending(path: name).path)
            for (_, tensor) in shard.tensors { fileOfTensor[tensor.name] = name }
        }
        let total = tensors.reduce(0) { $0 + $1.byteCount }
        let index: [String: Any] = ["metadata": ["total_size": total], "weight_map": fileOfTensor]
        try JSONSerialization.data(withJSONObject: index, options: [.prettyPrinted, .sortedKeys])
            .write(to: directory.appending(path: "model.safetensors.index.json"))
        return total
    }

    private func write(_ shard: Shard, to path: String) throws {
        var file = try AtomicFile(path: path, expectedByteCount: shard.byteCount)
        let header = try header(of: shard)
        try file.append(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) })
        try file.append(header)
        let slab = Slab(byteCount: Self.slabByteCount)
        for (number, tensor) in shard.tensors {
            let scales = weights.columnScales(of: tensor, number: number)
            let length = tensor.rowLength
            let slabRows = Self.slabByteCount / (2 * length)
            for start in stride(from: 0, to: tensor.rowCount, by: slabRows) {
                let rowCount = min(slabRows, tensor.rowCount - start)
                try parallel.forEachRange(rowCount, length: 64) { rows, _ in
                    for row in rows {
                        weights.fill(
                            slab.base + row * length, row: start + row, ofTensor: number, length: length, scales: scales
                        )
                    }
                }
                try file.append(UnsafeRawBufferPointer(start: slab.base, count: 2 * rowCount * length))
            }
        }
        try file.commit()
    }

    /// Padded with spaces to a multiple of 8 bytes, as the format's own writer does.
    private func header(of shard: Shard) throws -> [UInt8] {
        var entries: [String: Any] = ["__metadata__": ["format": "pt"]]
        var offset = 0
        for (_, tensor) in shard.tensors {
            entries[tensor.name] = [
                "dtype": "BF16", "shape": tensor.shape, "data_offsets": [offset, offset + tensor.byteCount],
            ]
            offset += tensor.byteCount
        }
        var bytes = Array(try JSONSerialization.data(withJSONObject: entries, options: .sortedKeys))
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: -bytes.count & 7)
        return bytes
    }
}

/// Rows that several threads fill.
private final class Slab: @unchecked Sendable {
    let base: UnsafeMutablePointer<UInt16>

    init(byteCount: Int) { base = .allocate(capacity: byteCount / 2) }

    deinit { base.deallocate() }
}
