import Files
import GGUF
import Models
import Parallelism
import Synchronization
import Tensors

/// Looks at every block of every tensor of a GGUF, in pieces that are read once.
struct BlockScan: Sendable {
    let file: GGUFFile
    let parallel: Parallel
    let progress: @Sendable (Double) -> Void
    /// The rows to look at, by the index of their tensor, counted over all matrices; nil for all rows of all tensors.
    var rows: [Int: Range<Int>]?

    init(file: GGUFFile, parallel: Parallel, progress: @escaping @Sendable (Double) -> Void) {
        (self.file, self.parallel, self.progress) = (file, parallel, progress)
    }

    /// Bytes of a piece, about.
    private static let pieceByteCount = 1 << 20

    private struct Piece {
        let tensor: Int
        /// Counted from the tensor's first.
        let blocks: Range<Int>
    }

    /// What breaks the rules of its type: a finding for each tensor and rule.
    ///
    /// - Throws: `FileError` if a file cannot be read.
    func findings() throws -> [Finding] {
        let pieces = file.tensors.indices.flatMap(pieces)
        let files = try file.parts.map { try ReadableFile(path: $0.path) }
        let meter = FractionMeter(total: file.tensors.reduce(0) { $0 + $1.byteCount }, progress)
        let tallies = Mutex<[[BlockTally]]>(
            file.tensors.map { Array(repeating: BlockTally(), count: $0.type.blockRules.count) })
        try parallel.forEach(pieces.count) { number, _ in
            let piece = pieces[number]
            let type = file.tensors[piece.tensor].type
            let size = type.blockByteCount
            let location = file.location(ofTensorAt: piece.tensor)
            try withUnsafeTemporaryAllocation(byteCount: piece.blocks.count * size, alignment: 64) { bytes in
                try files[location.part].read(at: location.fileOffset + piece.blocks.lowerBound * size, into: bytes)
                for (rule, blockRule) in type.blockRules.enumerated() {
                    var tally = blockRule.tally(
                        UnsafeRawPointer(bytes.baseAddress!), count: piece.blocks.count, size: size)
                    guard tally.count > 0 else { continue }
                    tally.first += piece.blocks.lowerBound
                    tallies.withLock { $0[piece.tensor][rule].add(tally) }
                }
                meter.add(bytes.count)
            }
        }
        return tallies.withLock { tallies in
            tallies.indices.flatMap { tensor in
                zip(file.tensors[tensor].type.blockRules, tallies[tensor])
                    .filter { $1.count > 0 }.map { finding(of: $0, $1, tensor: tensor) }
            }
        }
    }

    private func pieces(ofTensorAt index: Int) -> [Piece] {
        let tensor = file.tensors[index]
        guard !tensor.type.blockRules.isEmpty, let rows = rows.map({ $0[index] }) ?? 0..<tensor.shape.rowCount else {
            return []
        }
        let rowLength = tensor.shape.rowLength / tensor.type.blockLength
        let end = rows.upperBound * rowLength
        let length = max(1, Self.pieceByteCount / tensor.type.blockByteCount)
        return stride(from: rows.lowerBound * rowLength, to: end, by: length).map {
            Piece(tensor: index, blocks: $0..<min(end, $0 + length))
        }
    }

    private func finding(of rule: BlockRule, _ tally: BlockTally, tensor index: Int) -> Finding {
        let tensor = file.tensors[index]
        let location = file.location(ofTensorAt: index)
        let (row, block) = tally.first.quotientAndRemainder(
            dividingBy: tensor.shape.rowLength / tensor.type.blockLength)
        let offset = location.fileOffset + tally.first * tensor.type.blockByteCount + rule.offset
        return Finding(
            .blocks, file: file.parts[location.part].path, subject: tensor.name,
            place: WeightPlace(row: row, block: block, byteOffset: offset),
            "\(rule.name) of the \(tensor.type.name) block is illegal: \(rule.expectation)", count: tally.count)
    }
}
