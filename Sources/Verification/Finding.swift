import Files

/// Something that the verification of a file found wrong.
public struct Finding: DiagnosticError, Equatable {
    /// What was looked at.
    public enum Check: String, Sendable, CaseIterable, Encodable {
        /// The container: header, offsets, sizes.
        case structure
        /// The keys, and whether they describe a decoder.
        case metadata
        /// The vocabulary, and whether it makes a tokenizer.
        case tokenizer
        /// Which tensors there are, their shapes and types.
        case tensors
        /// The bytes of blocks.
        case blocks
        /// Whether the weights are those of the original.
        case origin
    }

    /// What was looked at.
    public let check: Check
    /// The file that holds what is wrong.
    public let file: String
    /// The tensor or the key; nil if it is the file as a whole.
    public let subject: String?
    /// Where in the tensor; nil if it is the tensor as a whole, or no tensor.
    public let place: WeightPlace?
    /// What was found, and what was expected.
    public let problem: String
    /// How many places of the tensor are alike; ``place`` is the first.
    public let count: Int

    init(
        _ check: Check, file: String, subject: String? = nil, place: WeightPlace? = nil, _ problem: String,
        count: Int = 1
    ) {
        self.check = check
        self.file = file
        self.subject = subject
        self.place = place
        self.problem = problem
        self.count = count
    }

    init(_ check: Check, file: String, _ diagnostic: Diagnostic) {
        self.init(check, file: diagnostic.file ?? file, subject: diagnostic.place, diagnostic.problem)
    }

    /// The finding in words; its fault is the file's, or that of the comparison that was asked for.
    public var diagnostic: Diagnostic {
        let parts = [subject, place?.description].compactMap { $0 }
        let others = count > 1 ? " (the first of \(count) places)" : ""
        return Diagnostic(
            check == .origin ? .check : .input, file: file, place: parts.isEmpty ? nil : parts.joined(separator: ", "),
            problem + others)
    }
}

/// A part of a tensor; all numbers count from 0.
public struct WeightPlace: Sendable, Equatable, Encodable, CustomStringConvertible {
    /// The number of the matrix in a stack, which is that of the expert.
    public var matrix: Int?
    /// The number of the row: over all slower dimensions for blocks, else in its matrix.
    public var row: Int?
    /// The number of the column.
    public var column: Int?
    /// The number of the block in its row.
    public var block: Int?
    /// The offset in the file of the first byte concerned.
    public var byteOffset: Int?

    init(matrix: Int? = nil, row: Int? = nil, column: Int? = nil, block: Int? = nil, byteOffset: Int? = nil) {
        self.matrix = matrix
        self.row = row
        self.column = column
        self.block = block
        self.byteOffset = byteOffset
    }

    /// The numbers that there are, each with what it counts.
    public var description: String {
        [("matrix", matrix), ("row", row), ("column", column), ("block", block), ("byte", byteOffset)]
            .compactMap { name, number in number.map { "\(name) \($0)" } }.joined(separator: ", ")
    }
}
