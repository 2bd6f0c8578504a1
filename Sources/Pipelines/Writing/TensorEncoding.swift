import Calibration
import Numerics
import Parallelism
import Tensors
import WeightEncoding

/// Carries tensors from their source to a sink, each in the type that was decided for it.
///
/// Rows are read, checked and encoded in pieces, in parallel, while the slab of pieces before them is written. Memory is
/// two slabs whatever the tensors' sizes, and the pieces' cut does not depend on the thread count.
struct TensorEncoding {
    let inputs: EncodingInputs
    let parallel: Parallel
    /// Is told which tensor is encoded, and the share of the work that is done, with that of the tensors before a range.
    let progress: ProgressHandler

    /// The memory that tensors of plain numbers take on their way: two slabs, and each thread's piece as values.
    static func workingSet(_ tensors: [TensorDescriptor], threadCount: Int) -> WorkingSet {
        let cuts = tensors.map { (RowCut($0, threadCount: threadCount), $0.shape.rowLength) }
        let slab = cuts.map(\.0.slabByteCount).max() ?? 0
        let piece = cuts.map { $0.rowsPerPiece * $1 }.max() ?? 0
        return WorkingSet("slabs of rows", byteCount: 2 * slab)
            + WorkingSet("values of pieces", floatCount: threadCount * piece)
    }

    /// - Parameters:
    ///   - targets: the tensors of the source, in its order, with the types to store.
    ///   - range: which of them to encode; nil for all.
    func run(
        _ targets: [TensorDescriptor], range: Range<Int>? = nil, into sink: inout some TensorSink & ~Copyable
    ) throws {
        let range = range ?? targets.indices
        let (source, guidance) = (inputs.source, inputs.guidance)
        let cuts = targets.map { RowCut($0, threadCount: parallel.threadCount) }
        let workers = (0..<parallel.threadCount).map { _ in EncodingWorker() }
        // Allocated once: memory of this size that comes and goes can cost the heap as much as all of the output.
        let slabByteCount = cuts[range].map(\.slabByteCount).max() ?? 0
        var filling = Slab(byteCount: slabByteCount)
        var resting = Slab(byteCount: slabByteCount)
        let costs = targets.map(EncodingCost.of)
        let total = max(1, costs.reduce(0, +))
        var done = costs[..<range.lowerBound].reduce(0, +)
        let fitted = try inputs.hessian.map {
            try FittedTensors(source: source, targets: targets, range: range, hessian: $0, parallel: parallel)
        }
        try withUnsafeMutablePointer(to: &sink) { sink in
            let output = SlabOutput { rows in
                try sink.pointee.append(UnsafeRawBufferPointer(start: rows.slab.base, count: rows.byteCount))
                if rows.endsTensor { try sink.pointee.endTensor() }
            }
            var pending: EncodedSlab?
            for index in range {
                let target = targets[index]
                progress(.part(.tensor(target.name)))
                func advance(_ byteCount: Int) {
                    done += costs[index] * Double(byteCount) / Double(max(1, target.byteCount))
                    progress(.fraction(min(1, done / total)))
                }
                if let fitted, fitted.includes(index) {
                    if let pending { try output.write(pending) }
                    pending = nil
                    try fitted.encode(index) {
                        try sink.pointee.append($0)
                        advance($0.count)
                    }
                    try sink.pointee.endTensor()
                    continue
                }
                let cut = cuts[index]
                let job = try EncodingJob(source: source, index: index, target: target, guidance: guidance)
                let rowCount = target.shape.rowCount
                for start in stride(from: 0, to: rowCount, by: cut.rowsPerSlab) {
                    let rows = start..<min(rowCount, start + cut.rowsPerSlab)
                    let (slab, previous) = (filling, pending)
                    // To write the slab before this one is the first piece of work.
                    let writeCount = previous == nil ? 0 : 1
                    let pieceCount = (rows.count + cut.rowsPerPiece - 1) / cut.rowsPerPiece
                    try parallel.forEach(writeCount + pieceCount) { piece, worker in
                        guard piece >= writeCount else {
                            if let previous { try output.write(previous) }
                            return
                        }
                        let first = start + (piece - writeCount) * cut.rowsPerPiece
                        try job.encode(
                            rows: first..<min(rows.upperBound, first + cut.rowsPerPiece),
                            into: slab.base + (first - start) * target.rowByteCount, worker: workers[worker])
                    }
                    let byteCount = rows.count * target.rowByteCount
                    pending = EncodedSlab(slab: slab, byteCount: byteCount, endsTensor: rows.upperBound == rowCount)
                    swap(&filling, &resting)
                    advance(byteCount)
                }
            }
            if let pending { try output.write(pending) }
        }
    }
}

/// How a tensor's rows are cut into pieces of work and slabs of pieces.
private struct RowCut {
    let rowsPerPiece: Int
    let rowsPerSlab: Int
    let slabByteCount: Int

    /// Elements per piece, about.
    private static let pieceLength = 1 << 16
    /// A slab has many more pieces than threads, so that waiting for its last ones costs little.
    private static let slabPieceCount = 64
    private static let slabPieceCountPerThread = 8

    init(_ tensor: TensorDescriptor, threadCount: Int) {
        rowsPerPiece = max(1, Self.pieceLength / tensor.shape.rowLength)
        rowsPerSlab = rowsPerPiece * max(Self.slabPieceCount, Self.slabPieceCountPerThread * threadCount)
        slabByteCount = min(rowsPerSlab, tensor.shape.rowCount) * tensor.rowByteCount
    }
}

/// Encoded bytes that several threads fill.
private final class Slab: @unchecked Sendable {
    let base: UnsafeMutableRawPointer

    init(byteCount: Int) { base = .allocate(byteCount: max(1, byteCount), alignment: 64) }

    deinit { base.deallocate() }
}

/// Rows that are ready to be written.
private struct EncodedSlab: Sendable {
    let slab: Slab
    let byteCount: Int
    let endsTensor: Bool
}

/// The writing of rows to the sink, for whichever thread does it; never for two at once.
private struct SlabOutput: @unchecked Sendable {
    let write: (EncodedSlab) throws -> Void
}
