import BlockFormats
import Parallelism
import Tensors

/// One tensor on its way from its stored type to another.
package struct EncodingJob: Sendable {
    private let stored: MatrixStack
    private let target: TensorDescriptor
    private let encoder: any BlockCodec
    /// Per-column weights of each matrix of the stack; nil if nothing is known.
    private let importance: [[Float]]?

    package init(source: any TensorSource, index: Int, target: TensorDescriptor, guidance: EncodingGuidance) throws {
        self.target = target
        stored = try source.matrices(index)
        guard let encoder = guidance.encoder(for: target.type) else {
            throw EncodingError(.unsupportedTarget(target.type), tensor: target.name)
        }
        self.encoder = encoder
        self.importance = target.type.isQuantized ? try guidance.importance?.stackWeights(for: target) : nil
    }

    /// - Parameter output: receives the rows' bytes in the target's type.
    package func encode(rows: Range<Int>, into output: UnsafeMutableRawPointer, worker: EncodingWorker) throws {
        let byteCount = rows.count * stored.tensor.rowByteCount
        try worker.withValues(rows.count * target.shape.rowLength) { values in
            if target.type == stored.tensor.type {
                try stored.read(rows, into: UnsafeMutableRawBufferPointer(start: output, count: byteCount))
                return try stored.demandFinite(output, rows, values: values)
            }
            try worker.withStored(byteCount) { bytes in
                try stored.read(rows, into: bytes)
                try stored.decode(bytes.baseAddress!, rows, into: values)
            }
            try encode(values, rows: rows, into: output, scratch: worker.scratch)
        }
    }

    /// The whole tensor, encoded.
    package func bytes(parallel: Parallel) throws -> [UInt8] {
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

    private func encode(
        _ values: UnsafePointer<Float>, rows: Range<Int>, into output: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) throws {
        let rowLength = target.shape.rowLength
        for (position, row) in rows.enumerated() {
            let source = values + position * rowLength
            let place = output + position * target.rowByteCount
            if let importance {
                importance[row / target.shape.matrixRowCount].withUnsafeBufferPointer {
                    encoder.encode(source, count: rowLength, importance: $0.baseAddress, into: place, scratch: scratch)
                }
            } else {
                encoder.encode(source, count: rowLength, importance: nil, into: place, scratch: scratch)
            }
        }
        guard target.type == .f16 else { return }
        let count = rows.count * rowLength
        guard let position = (0..<count).first(where: { values[$0].magnitude >= Self.float16Overflow }) else { return }
        let (row, column) = position.quotientAndRemainder(dividingBy: rowLength)
        let origin = stored.origin(of: rows.lowerBound + row)
        throw EncodingError(
            .weightOutOfRange(row: origin.row, column: column, value: values[position], type: .f16),
            file: origin.file, tensor: origin.tensor)
    }

    /// The least number that rounds to an infinity in half precision.
    private static let float16Overflow: Float = 65520
}

/// The memory of one thread that encodes.
package final class EncodingWorker: @unchecked Sendable {
    let scratch = EncodingScratch()
    private var stored: [UInt8] = []
    private var values: [Float] = []

    package init() {}

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
