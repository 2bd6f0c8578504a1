import BlockFormats
import Files
import FoundationEssentials
import GGUF
import Models
import Parallelism
import Tensors

/// Verifies that a file is what it says it is: sound as a container, in every block, and as a model.
public struct FileVerification: Sendable {
    /// The threads to work on; findings do not depend on their number.
    public var parallel: Parallel
    /// Is told the share of the weights that has been looked at, from any thread.
    public var progress: @Sendable (Double) -> Void

    /// Makes a verification; nothing is read yet.
    public init(parallel: Parallel = Parallel(), progress: @escaping @Sendable (Double) -> Void = { _ in }) {
        self.parallel = parallel
        self.progress = progress
    }

    /// What a verification has looked at, and found.
    public struct Report: Sendable {
        /// The files that were read.
        public let files: [String]
        /// The number of tensors.
        public let tensorCount: Int
        /// The bytes of all tensors.
        public let byteCount: Int
        /// What is wrong, in the order of the file.
        public let findings: [Finding]
        /// What is not wrong, but should be known.
        public let notes: [String]
    }

    /// Reads a GGUF of any kind, all parts of a split one, or a checkpoint directory, once, and looks at everything.
    ///
    /// The decoder and the tokenizer are looked at in models only; importance matrices and the like have none.
    ///
    /// - Throws: `FileError` if a file cannot be read; of a checkpoint, whatever keeps it from being opened. What is wrong in
    ///   a GGUF is a finding, never an error.
    public func run(_ path: String) throws -> Report {
        var isDirectory = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory {
            return try verify(Model.open(path, expertPadding: .off))
        }
        let file: GGUFFile
        do {
            file = try GGUFFile(path: path)
        } catch let error as GGUFError {
            return Report(
                files: [path], tensorCount: 0, byteCount: 0,
                findings: [Finding(.structure, file: path, error.diagnostic)], notes: [])
        }
        let isModel = (file.metadata.string("general.type") ?? "model") == "model"
        var findings = isModel ? ModelChecks(file: file).findings() : []
        findings += try BlockScan(file: file, parallel: parallel, progress: progress).findings()
        return Report(
            files: file.parts.map(\.path), tensorCount: file.tensors.count,
            byteCount: file.tensors.reduce(0) { $0 + $1.byteCount }, findings: findings,
            notes: file.parts.indices.compactMap { note(aboutPart: $0, of: file) })
    }

    /// Bytes that no tensor claims are not read by anything, and so prove nothing.
    private func note(aboutPart number: Int, of file: GGUFFile) -> String? {
        let part = file.parts[number]
        let end = part.tensorIndices.map { file.location(ofTensorAt: $0).fileOffset + file.tensors[$0].byteCount }.max()
        guard let end else { return nil }
        let rest = part.byteCount - (end + part.alignment - 1) / part.alignment * part.alignment
        return rest > 0 ? "\(part.path): \(rest) bytes behind the last tensor belong to nothing" : nil
    }

    /// A checkpoint that can be opened has all its weights, in the right shapes, and a tokenizer; what is left are values.
    private func verify(_ model: Model) throws -> Report {
        let tensors = model.tensors.tensors
        let meter = FractionMeter(total: tensors.reduce(0) { $0 + $1.byteCount }, progress)
        var findings: [Finding] = []
        for index in tensors.indices {
            guard let stack = MatrixStack(model.tensors, index) else { continue }
            do {
                try parallel.forEachRange(tensors[index].shape.rowCount, length: stack.rowsPerPiece) { rows, _ in
                    _ = try stack.values(rows)
                    meter.add(rows.count * tensors[index].rowByteCount)
                }
            } catch let error as NonFiniteWeight {
                findings.append(Finding(.blocks, file: error.origin.file, error.diagnostic))
            }
        }
        return Report(
            files: model.files, tensorCount: tensors.count, byteCount: tensors.reduce(0) { $0 + $1.byteCount },
            findings: findings, notes: [])
    }
}
