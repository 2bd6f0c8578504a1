import Files

/// A `tokenizer.model`: SentencePiece's ModelProto, as far as it decides what the tokens are.
struct SentencePieceModel: Sendable {
    enum Algorithm: UInt64, Sendable {
        case unigram = 1
        case bpe = 2
        case word = 3
        case character = 4
    }

    struct Piece: Sendable {
        var text: ByteString = ""
        var score: Float = 0
        var kind = TokenKind.normal
    }

    var pieces: [Piece] = []
    var algorithm = Algorithm.unigram
    var bos: Int = 1
    var eos: Int = 2
    var unknown: Int = 0
    var pad: Int = -1
    var fallsBackToBytes = false
    var treatsSpaceAsSuffix = false
    var normalizerName = ""
    /// A compiled table of replacements; empty if texts are taken as they are.
    var characterMap: [UInt8] = []
    var addsSpacePrefix = true
    var removesExtraSpaces = true
    var escapesSpaces = true

    init(_ bytes: [UInt8]) throws(TokenizationError) {
        var reader = ProtobufReader(bytes, 0..<bytes.count)
        while let (field, value) = try reader.next() {
            guard case .bytes(let range) = value else { continue }
            switch field {
            case 1: pieces.append(try Self.piece(bytes, range))
            case 2: try readTrainer(bytes, range)
            case 3: try readNormalizer(bytes, range)
            default: continue
            }
        }
        guard !pieces.isEmpty else {
            throw TokenizationError(.malformed(key: "pieces", expected: "at least one piece"))
        }
    }

    private static func piece(_ bytes: [UInt8], _ range: Range<Int>) throws(TokenizationError) -> Piece {
        var piece = Piece()
        var reader = ProtobufReader(bytes, range)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let range)): piece.text = ByteString(bytes[range])
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .varint(let raw)):
                guard let kind = Int32(exactly: raw).flatMap(TokenKind.init), kind != .undefined else {
                    throw TokenizationError(
                        .malformed(key: "byte \(range.lowerBound)", expected: "a known type of piece"))
                }
                piece.kind = kind
            default: continue
            }
        }
        return piece
    }

    private mutating func readTrainer(_ bytes: [UInt8], _ range: Range<Int>) throws(TokenizationError) {
        var reader = ProtobufReader(bytes, range)
        while let (field, value) = try reader.next() {
            guard case .varint(let number) = value else { continue }
            // Negative numbers are ten bytes long.
            let id = Int(Int32(truncatingIfNeeded: number))
            switch field {
            case 3:
                guard let algorithm = Algorithm(rawValue: number) else {
                    throw TokenizationError(
                        .malformed(key: "trainer_spec.model_type", expected: "a known algorithm, not \(number)"))
                }
                self.algorithm = algorithm
            case 24: treatsSpaceAsSuffix = number != 0
            case 35: fallsBackToBytes = number != 0
            case 40: unknown = id
            case 41: bos = id
            case 42: eos = id
            case 43: pad = id
            default: continue
            }
        }
    }

    private mutating func readNormalizer(_ bytes: [UInt8], _ range: Range<Int>) throws(TokenizationError) {
        var reader = ProtobufReader(bytes, range)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let range)): normalizerName = ByteString(bytes[range]).description
            case (2, .bytes(let range)): characterMap = Array(bytes[range])
            case (3, .varint(let number)): addsSpacePrefix = number != 0
            case (4, .varint(let number)): removesExtraSpaces = number != 0
            case (5, .varint(let number)): escapesSpaces = number != 0
            default: continue
            }
        }
    }
}
