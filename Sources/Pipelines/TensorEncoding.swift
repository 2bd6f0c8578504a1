import BlockFormats
import Importance
import TensorCore

/// Carries tensors from a source to a sink, each in the type that was decided for it.
///
/// Rows are read, decoded, checked and encoded in pieces, in parallel; memory is bounded by a slab of pieces whatever
/// the tensors' sizes, and the pieces' cut does not depend on the thread count.
struct TensorEncoding {
    let source: any TensorSource
    let importance: ImportanceMatrix?
    let parallel: Parallel
    /// Receives the bytes written so far.
    let progress: (Int) -> Void

    /// Elements per piece, about.
    private static let pieceLength = 1 << 16
    /// Elements per slab, about.
    private static let slabLength = 1 << 22

    /// - Parameter targets: the tensors of `source`, in its order, with the types to store.
    func run(_ targets: [TensorDescriptor], into sink: inout some TensorSink & ~Copyable) throws {
        let scratches = (0..<parallel.threadCount).map { _ in EncodingWorker() }
        var written = 0
        for (index, target) in targets.enumerated() {
            let job = try TensorJob(source: source, index: index, target: target, importance: importance)
            let rowsPerPiece = max(1, Self.pieceLength / target.shape.rowLength)
            let rowsPerSlab = max(1, Self.slabLength / target.shape.rowLength / rowsPerPiece) * rowsPerPiece
            var row = 0
            while row < target.shape.rowCount {
                let slab = row..<min(target.shape.rowCount, row + rowsPerSlab)
                let bytes = OutputSlab(byteCount: slab.count * target.rowByteCount)
                try parallel.forEachRange(slab.count, length: rowsPerPiece) { rows, worker in
                    let absolute = slab.lowerBound + rows.lowerBound..<slab.lowerBound + rows.upperBound
                    try job.encode(
                        rows: absolute, into: bytes.base + rows.lowerBound * target.rowByteCount,
                        worker: scratches[worker])
                }
                try sink.append(UnsafeRawBufferPointer(start: bytes.base, count: bytes.byteCount))
                written += bytes.byteCount
                progress(written)
                row = slab.upperBound
            }
            try sink.endTensor()
        }
    }
}

/// The memory of one worker thread.
private final class EncodingWorker: @unchecked Sendable {
    let scratch = EncodingScratch()
    private var encoded: [UInt8] = []
    private var values: [Float] = []

    /// Calls `body` with room for encoded bytes and decoded values.
    func withBuffers<R>(
        byteCount: Int, valueCount: Int,
        _ body: (UnsafeMutableRawBufferPointer, UnsafeMutablePointer<Float>) throws -> R
    ) rethrows -> R {
        if encoded.count < byteCount { encoded = [UInt8](repeating: 0, count: byteCount) }
        if values.count < valueCount { values = [Float](repeating: 0, count: valueCount) }
        return try encoded.withUnsafeMutableBytes { encoded in
            try values.withUnsafeMutableBufferPointer { values in
                try body(UnsafeMutableRawBufferPointer(rebasing: encoded[..<byteCount]), values.baseAddress!)
            }
        }
    }
}

/// Encoded bytes that several threads fill.
private final class OutputSlab: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int) {
        base = .allocate(byteCount: byteCount, alignment: 64)
        self.byteCount = byteCount
    }

    deinit { base.deallocate() }
}

/// One tensor on its way from its stored type to another.
private struct TensorJob: Sendable {
    private let source: any TensorSource
    private let index: Int
    private let stored: TensorDescriptor
    private let target: TensorDescriptor
    private let decoder: any BlockCodec
    private let encoder: any BlockCodec
    /// Per-column weights of each matrix of the stack; nil if nothing is known.
    private let importance: [[Float]]?
    private let rowsPerMatrix: Int

    init(source: any TensorSource, index: Int, target: TensorDescriptor, importance: ImportanceMatrix?) throws {
        self.source = source
        self.index = index
        self.target = target
        stored = source.tensors[index]
        guard let decoder = BlockFormats.codec(for: stored.type) else {
            throw PipelineError(.unsupportedType(stored.type), tensor: stored.name)
        }
        guard let encoder = BlockFormats.codec(for: target.type) else {
            throw PipelineError(.unsupportedTarget(target.type), tensor: stored.name)
        }
        self.decoder = decoder
        self.encoder = encoder
        let dimensions = target.shape.dimensions
        rowsPerMatrix = dimensions.count > 1 ? dimensions[1] : 1
        self.importance = target.type.isQuantized ? try importance?.stackWeights(for: target) : nil
    }

    func encode(rows: Range<Int>, into output: UnsafeMutableRawPointer, worker: EncodingWorker) throws {
        let rowLength = target.shape.rowLength
        let count = rows.count * rowLength
        try worker.withBuffers(byteCount: rows.count * stored.rowByteCount, valueCount: count) { bytes, values in
            try source.readRows(ofTensorAt: index, rows: rows, into: bytes)
            decoder.decode(bytes.baseAddress!, count: count, into: values)
            if let position = firstNonFinite(values, count: count) {
                throw error(at: position, after: rows.lowerBound) { row, column in
                    .nonFiniteWeight(row: row, column: column, value: values[position])
                }
            }
            if target.type == stored.type {
                return output.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
            }
            if target.type == .f16, let position = (0..<count).first(where: { !Float16(values[$0]).isFinite }) {
                throw error(at: position, after: rows.lowerBound) { row, column in
                    .weightOutOfRange(row: row, column: column, value: values[position], type: .f16)
                }
            }
            for (position, row) in rows.enumerated() {
                let encode = { (weights: UnsafePointer<Float>?) in
                    encoder.encode(
                        values + position * rowLength, count: rowLength, importance: weights,
                        into: output + position * target.rowByteCount, scratch: worker.scratch)
                }
                if let importance {
                    importance[row / rowsPerMatrix].withUnsafeBufferPointer { encode($0.baseAddress) }
                } else {
                    encode(nil)
                }
            }
        }
    }

    /// An error about one weight, in the words of the file that holds it.
    private func error(
        at position: Int, after firstRow: Int, _ kind: (_ row: Int, _ column: Int) -> PipelineError.Kind
    ) -> PipelineError {
        let (row, column) = position.quotientAndRemainder(dividingBy: target.shape.rowLength)
        let origin = source.origin(ofTensorAt: index, row: firstRow + row)
        return PipelineError(kind(origin.row, column), file: origin.file, tensor: origin.tensor)
    }
}
