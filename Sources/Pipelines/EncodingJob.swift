import BlockFormats
import Parallelism
import Tensors

/// One tensor on its way from its stored type to another.
struct EncodingJob: Sendable {
    private let source: any TensorSource
    private let index: Int
    private let stored: TensorDescriptor
    private let target: TensorDescriptor
    private let decoder: any BlockCodec
    private let encoder: any BlockCodec
    /// Per-column weights of each matrix of the stack; nil if nothing is known.
    private let importance: [[Float]]?
    private let rowsPerMatrix: Int

    init(source: any TensorSource, index: Int, target: TensorDescriptor, guidance: EncodingGuidance) throws {
        self.source = source
        self.index = index
        self.target = target
        stored = source.tensors[index]
        guard let decoder = BlockFormats.codec(for: stored.type) else {
            throw PipelineError(.unsupportedType(stored.type), tensor: stored.name)
        }
        guard let encoder = guidance.encoder(for: target.type) else {
            throw PipelineError(.unsupportedTarget(target.type), tensor: stored.name)
        }
        self.decoder = decoder
        self.encoder = encoder
        let dimensions = target.shape.dimensions
        rowsPerMatrix = dimensions.count > 1 ? dimensions[1] : 1
        self.importance = target.type.isQuantized ? try guidance.importance?.stackWeights(for: target) : nil
    }

    /// - Parameter output: receives the rows' bytes in the target's type.
    func encode(rows: Range<Int>, into output: UnsafeMutableRawPointer, worker: EncodingWorker) throws {
        let byteCount = rows.count * stored.rowByteCount
        let count = rows.count * target.shape.rowLength
        if target.type == stored.type {
            try source.readRows(
                ofTensorAt: index, rows: rows, into: UnsafeMutableRawBufferPointer(start: output, count: byteCount))
            if let exponent = stored.type.halfWordExponent {
                return try demandFinite(
                    at: firstNonFinite(halfWords: output, count: count, exponent: exponent), of: output, rows: rows)
            }
            return try worker.withValues(count) { try decode(output, rows: rows, into: $0) }
        }
        try worker.withStored(byteCount) { bytes in
            try source.readRows(ofTensorAt: index, rows: rows, into: bytes)
            try worker.withValues(count) { values in
                try decode(bytes.baseAddress!, rows: rows, into: values)
                try encode(values, rows: rows, into: output, scratch: worker.scratch)
            }
        }
    }

    /// The whole tensor, encoded.
    func bytes(parallel: Parallel) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: target.byteCount)
        let workers = (0..<parallel.threadCount).map { _ in EncodingWorker() }
        try bytes.withUnsafeMutableBytes { bytes in
            let start = Start(base: bytes.baseAddress!)
            try parallel.forEachRange(target.shape.rowCount, length: 64) { rows, worker in
                try encode(
                    rows: rows, into: start.base + rows.lowerBound * target.rowByteCount, worker: workers[worker])
            }
        }
        return bytes
    }

    private struct Start: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
    }

    private func decode(_ bytes: UnsafeRawPointer, rows: Range<Int>, into values: UnsafeMutablePointer<Float>) throws {
        let count = rows.count * target.shape.rowLength
        decoder.decode(bytes, count: count, into: values)
        try demandFinite(at: firstNonFinite(values, count: count), of: bytes, rows: rows)
    }

    private func encode(
        _ values: UnsafePointer<Float>, rows: Range<Int>, into output: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) throws {
        let rowLength = target.shape.rowLength
        for (position, row) in rows.enumerated() {
            let source = values + position * rowLength
            let place = output + position * target.rowByteCount
            if let importance {
                importance[row / rowsPerMatrix].withUnsafeBufferPointer {
                    encoder.encode(source, count: rowLength, importance: $0.baseAddress, into: place, scratch: scratch)
                }
            } else {
                encoder.encode(source, count: rowLength, importance: nil, into: place, scratch: scratch)
            }
        }
        guard target.type == .f16 else { return }
        let count = rows.count * rowLength
        if let position = (0..<count).first(where: { values[$0].magnitude >= Self.float16Overflow }) {
            throw error(at: position, of: rows) { row, column in
                .weightOutOfRange(row: row, column: column, value: values[position], type: .f16)
            }
        }
    }

    /// The least number that rounds to an infinity in half precision.
    private static let float16Overflow: Float = 65520

    private func demandFinite(at position: Int?, of bytes: UnsafeRawPointer, rows: Range<Int>) throws {
        guard let position else { return }
        let rowLength = target.shape.rowLength
        let row = position / rowLength
        var values = [Float](repeating: 0, count: rowLength)
        decoder.decode(bytes + row * stored.rowByteCount, count: rowLength, into: &values)
        throw error(at: position, of: rows) { row, column in
            .nonFiniteWeight(row: row, column: column, value: values[column])
        }
    }

    /// An error about one weight, in the words of the file that holds it.
    private func error(
        at position: Int, of rows: Range<Int>, _ kind: (_ row: Int, _ column: Int) -> PipelineError.Kind
    ) -> PipelineError {
        let (row, column) = position.quotientAndRemainder(dividingBy: target.shape.rowLength)
        let origin = source.origin(ofTensorAt: index, row: rows.lowerBound + row)
        return PipelineError(kind(origin.row, column), file: origin.file, tensor: origin.tensor)
    }
}

/// The memory of one thread that encodes.
final class EncodingWorker: @unchecked Sendable {
    let scratch = EncodingScratch()
    private var stored: [UInt8] = []
    private var values: [Float] = []

    /// Calls `body` with room for stored bytes.
    func withStored<R>(_ byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        if stored.count < byteCount { stored = [UInt8](repeating: 0, count: byteCount) }
        return try stored.withUnsafeMutableBytes {
            try body(UnsafeMutableRawBufferPointer(rebasing: $0[..<byteCount]))
        }
    }

    /// Calls `body` with room for `count` decoded values.
    func withValues<R>(_ count: Int, _ body: (UnsafeMutablePointer<Float>) throws -> R) rethrows -> R {
        if values.count < count { values = [Float](repeating: 0, count: count) }
        return try values.withUnsafeMutableBufferPointer { try body($0.baseAddress!) }
    }
}
