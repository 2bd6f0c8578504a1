import Parallelism
import Tensors
import WeightEncoding

/// How long it will take to write tensors, judged by a sample of each kind of work.
enum TimeEstimate {
    /// Elements encoded for each pair of types.
    private static let sampleLength = 1 << 20
    private static let pieceLength = 1 << 16

    private struct Work: Hashable {
        let from: TensorType
        let to: TensorType
    }

    /// - Parameter targets: the tensors of `source`, in its order, with the types to store.
    static func duration(
        source: any TensorSource, targets: [TensorDescriptor], guidance: EncodingGuidance, parallel: Parallel
    ) throws -> Duration {
        let workers = (0..<parallel.threadCount).map { _ in EncodingWorker() }
        let kinds = Dictionary(grouping: targets.indices) { Work(from: source.tensors[$0].type, to: targets[$0].type) }
        var total = Duration.zero
        for indices in kinds.values {
            let largest = indices.max { targets[$0].shape.elementCount < targets[$1].shape.elementCount }!
            let target = targets[largest]
            let job = try EncodingJob(source: source, index: largest, target: target, guidance: guidance)
            let rowCount = min(target.shape.rowCount, max(1, sampleLength / target.shape.rowLength))
            let rowsPerPiece = max(1, pieceLength / target.shape.rowLength)
            let sampled = try ContinuousClock().measure {
                try parallel.forEachRange(rowCount, length: rowsPerPiece) { rows, worker in
                    let output = UnsafeMutableRawPointer.allocate(
                        byteCount: rows.count * target.rowByteCount, alignment: 64)
                    defer { output.deallocate() }
                    try job.encode(rows: rows, into: output, worker: workers[worker])
                }
            }
            let elementCount = indices.reduce(0) { $0 + targets[$1].shape.elementCount }
            total += sampled * (Double(elementCount) / Double(rowCount * target.shape.rowLength))
        }
        return total
    }
}
